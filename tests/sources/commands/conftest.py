"""A company's folder, an Odoo for it, and `guanxi sources …` run there, in a house where nobody has been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.servers.framework import serving
from tests.servers.odoo import OdooServer
from tests.sources.commands.runs import SECRET, Run
from tests.sources.odoo.desk import Desk
from warehouse.cli import app
from warehouse.errors import Problem


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    server = OdooServer(key=SECRET)
    with serving(server, server.script) as running:
        desk = Desk(server, running.url, tmp_path)
        desk.fill()
        yield desk


@pytest.fixture
def run(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `guanxi sources …` for a company in a folder, in a house where nobody has been."""
    monkeypatch.setenv("GUANXI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GUANXI_COMPANY", str(tmp_path))
    monkeypatch.setenv("GUANXI_ALLOW_PRIVATE_SOURCES", "true")
    monkeypatch.setenv("GUANXI_SOURCE_CRM", json.dumps({"api_key": SECRET, "login": desk.server.login}))
    monkeypatch.setattr("time.sleep", lambda _: None)

    def run(*words: str) -> Result:
        done = CliRunner().invoke(app, ["sources", *words])
        assert SECRET not in done.output + str(done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit | Problem), done.exception
        return done

    return run
