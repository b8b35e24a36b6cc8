"""Nights under Airflow, with credentials from its connections: none of them is kept where it was not put."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from cryptography.fernet import Fernet

from tests.canaries import canary, found_in_folder, found_in_server, found_in_text
from tests.conftest import reachable_folder
from tests.dags.conftest import ROOT
from tests.servers.framework import Reply, Request, serving
from warehouse.airflow_home import METADATA_ONCE, AirflowHome, airflow_environment, make_airflow_home, migrate_metadata
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500), pytest.mark.xdist_group("airflow")]

# The program that runs a night in one process, with a night that is its sources alone, each tried once.
SOURCES_ALONE = """\
import dataclasses, runpy
from warehouse import plan
plan.STAGES = tuple(dataclasses.replace(stage, retries=0) for stage in plan.STAGES if stage.per_source)
runpy.run_module("dags.dag_support.once", run_name="__main__", alter_sys=True)
"""
ACCOUNTS = {"accounts": {"from": "rows", "fields": {"account_id": "id"}}}


def _company(folder: Path, address: str) -> Path:
    database = {"kind": "erp_database", "datasets": {"rows": {"table": "rows"}}, "entities": ACCOUNTS}
    odoo = {"kind": "odoo", "settings": {"base_url": address, "database": "acme"},
            "datasets": {"rows": {"object": "res.partner"}}, "entities": ACCOUNTS}  # fmt: skip
    content = {
        "company": "canaries",
        "name": {"en": "Canaries", "zh": "金丝雀"},
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "sources": [
            {"name": "good", "url": "${GUANXI_ERP_URL}"} | database,
            {"name": "wrong"} | database,
            {"name": "odoo"} | odoo,
        ],
    }
    folder.mkdir()
    (folder / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def _echo(request: Request) -> Reply:
    """An error that holds all that the server was told, the key among it."""
    words = f"{dict(request.headers)} {request.body.decode()}"
    return Reply({"name": words, "message": words, "error": {"message": words, "data": {"debug": words}}}, 400)


def _connect(home: AirflowHome, metadata_url: str, name: str, place: str, **fields: str) -> None:
    """Make a connection as Airflow's own page does: password and extra encrypted with its key."""
    key = Fernet((home.folder / "secrets" / "fernet").read_bytes())
    parts = urlsplit(place)
    with psycopg.connect(metadata_url) as connection:
        connection.execute(
            "insert into connection (conn_id, conn_type, host, port, schema, login, password, extra, is_encrypted,"
            " is_extra_encrypted) values (%s, 'postgres', %s, %s, %s, %s, %s, %s, true, true)",
            (
                f"guanxi_{name}", parts.hostname, parts.port, parts.path.strip("/"), fields.get("login"),
                key.encrypt(fields["password"].encode()).decode(), key.encrypt(b"{}").decode(),
            ),
        )  # fmt: skip


def test_connections_are_used_and_leave_no_secret_in_a_table_a_log_or_a_file(tmp_path: Path) -> None:
    planted = {name: canary(name) for name in ("good", "wrong", "odoo", "role")}
    with (
        reachable_folder() as folder,
        EmbeddedServer(folder / "postgres", options=(("fsync", "off"),)).leased() as server_url,
        serving(_echo) as echo,
    ):
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute("create database books")
            connection.execute(f"create role reader login password '{planted['good']}'".encode())
        books = with_database(server_url, "books")
        with psycopg.connect(books) as connection:
            connection.execute("create table rows (id text); insert into rows values ('1'), ('2')")
            connection.execute("grant select on rows to reader")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("GUANXI_", "AIRFLOW"))}
        environment = plain | {
            "GUANXI_HOME": str(folder),
            "GUANXI_COMPANY": str(_company(tmp_path / "company", echo.url)),
            "GUANXI_ROLE_SECRET": planted["role"],
            "GUANXI_ALLOW_PRIVATE_SOURCES": "true",
            "GUANXI_PROGRESS_FILE": str(folder / "progress.log"),
        }
        settings = load_settings(environment)
        home = make_airflow_home(settings, server_url=server_url, database=METADATA_ONCE)
        migrate_metadata(
            home,
            airflow_environment(settings, home, timezone="Europe/Berlin", database=METADATA_ONCE),
            database=METADATA_ONCE,
        )
        metadata = with_database(server_url, METADATA_ONCE)
        _connect(home, metadata, "good", books, login="reader", password=planted["good"])
        _connect(home, metadata, "wrong", books, login="reader", password=planted["wrong"])
        _connect(home, metadata, "odoo", "", login="me", password=planted["odoo"])
        done = subprocess.run(
            [sys.executable, "-c", SOURCES_ALONE, "--run-id", "bad", "--as-of", "2026-01-31",
             "--log-file", str(folder / "airflow.log")],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        log, told = (folder / "airflow.log").read_text(), (folder / "progress.log").read_text()
        assert done.returncode == 1, done.stderr + log[-3000:]
        assert "good: extracted in" in told
        assert "password" in told, "the other database refused the connection's password"
        assert "source odoo" in told
        assert any(planted["odoo"] in each for each in _asked(echo.script.seen)) is False
        assert len(echo.script.seen) > 0, "the server that tells our secrets was asked"
        _look_into_xcom(metadata)
        keys = {file.name: file.read_text() for file in (home.folder / "secrets").iterdir() if not file.suffix}
        planted |= keys
        assert found_in_text((done.stdout + done.stderr).encode(), planted) == []
        assert found_in_server(server_url, planted) == []
        kept = [home.folder / "secrets", home.passwords, folder / "postgres" / "data"]
        assert found_in_folder(folder, planted, but=kept) == []


def _asked(seen: list[tuple[str, str]]) -> list[str]:
    return [path for _, path in seen]


def _look_into_xcom(metadata_url: str) -> None:
    """There must be something to search: what the tasks passed on, and their rendered fields."""
    with psycopg.connect(metadata_url) as connection:
        for table in ("xcom", "rendered_task_instance_fields", "task_instance"):
            row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
            assert row is not None
            assert row[0] > 0, table
        passwords = connection.execute("select password from connection order by conn_id").fetchall()
    assert len(passwords) == 3
    json.dumps(passwords)
