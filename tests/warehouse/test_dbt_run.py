"""The project's parsed form: made once, kept for every night, and never older than the project."""

from __future__ import annotations

import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from warehouse import dbt_run
from warehouse.dbt_process import DATABASE, SCHEMA, move

VARIABLES = {"as_of_date": "2026-06-30", "timezone": "Asia/Shanghai"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: small\nversion: 1.0.0\nconfig-version: 2\nprofile: guanxi\n", encoding="utf-8"
    )
    profiles = (dbt_run.PROJECT / "profiles.yml").read_text(encoding="utf-8")
    (folder / "profiles.yml").write_text(profiles, encoding="utf-8")
    (folder / "models" / "one.sql").write_text("select 1 as a", encoding="utf-8")
    monkeypatch.setattr(dbt_run, "PROJECT", folder)
    monkeypatch.setattr(dbt_run, "_KEPT", folder / "target")
    return folder


def _parsed(scratch: Path, **variables: str) -> Path | None:
    scratch.mkdir(exist_ok=True)
    return dbt_run.parsed_project(VARIABLES | variables, scratch=scratch)


def test_a_project_is_parsed_once_until_it_changes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _parsed(tmp_path / "scratch")
    assert first is not None
    assert first.parent == project / "target"
    with monkeypatch.context() as without_dbt:
        without_dbt.setattr(subprocess, "run", lambda *_, **__: pytest.fail("dbt was asked again"))
        assert _parsed(tmp_path / "scratch", as_of_date="2026-07-01", timezone="Europe/London") == first
    (project / "models" / "one.sql").write_text("select {{ nothing(", encoding="utf-8")
    assert _parsed(tmp_path / "scratch") is None
    assert [file.name for file in (project / "target").glob("parsed-*")] == [first.name]


@pytest.mark.usefixtures("project")
def test_of_two_that_miss_it_one_parses_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    once = threading.Lock()
    really = subprocess.run

    def counted(command: list[str], **words: Any) -> Any:
        with once:
            started.append(command[0])
        return really(command, **words)

    monkeypatch.setattr(subprocess, "run", counted)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: _parsed(tmp_path / name), ("one", "other")))
    assert found[0] == found[1] is not None
    assert len(started) == 1


def test_no_configuration_depends_on_a_variable() -> None:
    """What is parsed once must not depend on what a night is given."""
    files = [file for file in dbt_run.PROJECT.rglob("*.yml") if "target" not in file.parts]
    assert len(files) > 100
    assert [file.name for file in files if re.search(r"\bvar\(", file.read_text(encoding="utf-8"))] == []
    models = list((dbt_run.PROJECT / "models").rglob("*.sql"))
    assert [file.name for file in models if "config(" in file.read_text(encoding="utf-8")] == []


def test_a_hash_tells_files_names_and_variables_apart(project: Path) -> None:
    hashes = [dbt_run.project_hash(VARIABLES)]
    of_a_night = {
        "as_of_date": "2026-07-02", "carried_schema": "build_7_1", "carried_gen": 7, "carried_as_of_date": "2026-07-01",
    }  # fmt: skip
    assert dbt_run.project_hash(VARIABLES | of_a_night) == hashes[0]
    (project / "models" / "one.sql").write_text("select 2 as a", encoding="utf-8")
    hashes.append(dbt_run.project_hash(VARIABLES))
    (project / "models" / "one.sql").rename(project / "models" / "two.sql")
    hashes.append(dbt_run.project_hash(VARIABLES))
    hashes.append(dbt_run.project_hash(VARIABLES | {"timezone": "UTC"}))
    assert len(set(hashes)) == len(hashes)
    (project / "target").mkdir()
    (project / "target" / "manifest.json").write_text("{}", encoding="utf-8")
    assert dbt_run.project_hash(VARIABLES | {"timezone": "UTC"}) == hashes[-1]


@dataclass
class Node:
    database: str
    schema: str
    relation_name: str | None


@dataclass
class Manifest:
    nodes: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)
    unit_tests: dict[str, Any] = field(default_factory=dict)


def test_what_is_built_moves_to_the_nights_schema_and_what_is_read_stays_in_its_own() -> None:
    parsed = Manifest(
        nodes={
            "built": Node(DATABASE, SCHEMA, f'"{DATABASE}"."{SCHEMA}"."fct_a"'),
            "test": Node(DATABASE, SCHEMA, None),
        },
        sources={"read": Node(DATABASE, "raw", f'"{DATABASE}"."raw"."orders"')},
    )
    move(parsed, database="shop", schema="build_7_1")
    assert parsed.nodes["built"] == Node("shop", "build_7_1", '"shop"."build_7_1"."fct_a"')
    assert parsed.nodes["test"] == Node("shop", "build_7_1", None)
    assert parsed.sources["read"] == Node("shop", "raw", '"shop"."raw"."orders"')
