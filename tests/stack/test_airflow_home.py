"""Airflow's home: private files, a database of its own, and no secret where others can read it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import psycopg
import pytest

from warehouse.airflow_home import (
    METADATA_ROLE,
    airflow_environment,
    is_migrated,
    make_airflow_home,
    note_migrated,
    settings_environment,
)
from warehouse.database import connect
from warehouse.house import with_database
from warehouse.settings import Settings, load_settings

DATABASE = "airflow_for_tests"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "state")


@pytest.mark.xdist_group("airflow")
def test_the_home_is_made_once_and_its_secrets_stay(settings: Settings, server_url: str) -> None:
    home = make_airflow_home(settings, server_url=server_url, database=DATABASE)
    files = sorted((home.folder / "secrets").iterdir())
    before = {file.name: file.read_text() for file in files}
    again = make_airflow_home(settings, server_url=server_url, database=DATABASE)
    assert again == home
    assert {file.name: file.read_text() for file in sorted((home.folder / "secrets").iterdir())} == before
    for file in [*files, home.passwords]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    user, password = home.login()
    assert json.loads(home.passwords.read_text()) == {user: password}
    assert len(password) > 20


@pytest.mark.xdist_group("airflow")
def test_no_secret_stands_in_the_environment(settings: Settings, server_url: str) -> None:
    home = make_airflow_home(settings, server_url=server_url, database=DATABASE)
    environment = airflow_environment(settings, home, timezone="Europe/Berlin", database=DATABASE)
    secrets = [file.read_text().strip() for file in (home.folder / "secrets").iterdir()] + [home.login()[1]]
    assert len(secrets) > 5
    joined = "\n".join(environment.values())
    assert not [secret for secret in secrets if secret in joined]
    assert environment["GUANXI_TIMEZONE"] == "Europe/Berlin"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8080/execution/"


@pytest.mark.xdist_group("airflow")
def test_airflows_role_owns_its_database_and_nobody_else_enters(settings: Settings, server_url: str) -> None:
    home = make_airflow_home(settings, server_url=server_url, database=DATABASE)
    url = home.url_file(DATABASE).read_text().replace("+psycopg2", "")
    with connect(url) as connection:
        row = connection.execute("select current_user, rolsuper, rolcreatedb, rolcreaterole from pg_roles"
                                 " where rolname = current_user").fetchone()  # fmt: skip
        assert row == (METADATA_ROLE, False, False, False)
        connection.execute("create table its_own (x int)")
        connection.rollback()
    with psycopg.connect(with_database(server_url, DATABASE)) as connection:
        found = connection.execute("select has_database_privilege('public', current_database(), 'connect')").fetchone()
        assert found == (False,)


@pytest.mark.xdist_group("airflow")
def test_a_database_is_migrated_only_while_it_is_as_airflow_left_it(settings: Settings, server_url: str) -> None:
    home = make_airflow_home(settings, server_url=server_url, database=DATABASE)
    assert not is_migrated(home, database=DATABASE)
    url = home.url_file(DATABASE).read_text().replace("+psycopg2", "")
    with connect(url) as connection:
        connection.execute("drop table if exists alembic_version")
        connection.execute("create table alembic_version as select 'a1' as version_num")
    note_migrated(home, database=DATABASE)
    assert is_migrated(home, database=DATABASE)
    with connect(url) as connection:
        connection.execute("update alembic_version set version_num = 'b2'")
    assert not is_migrated(home, database=DATABASE), "somebody else has migrated it"


def test_the_settings_survive_the_way_through_the_environment(tmp_path: Path) -> None:
    given = load_settings({"GUANXI_HOME": str(tmp_path), "GUANXI_SMTP_URL": "smtp://u:p@h:25", "GUANXI_ACCOUNTS": "60"})
    assert load_settings(settings_environment(given)) == given


def test_a_relative_home_becomes_absolute_for_the_children() -> None:
    assert settings_environment(Settings(home=Path("here")))["GUANXI_HOME"] == str(Path("here").absolute())
    assert os.pathsep not in settings_environment(Settings())["GUANXI_HOME"]
