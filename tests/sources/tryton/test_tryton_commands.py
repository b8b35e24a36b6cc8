"""`guanxi sources init tryton` and `guanxi sources test`, of a real Tryton."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.servers.framework import RunningServer
from tests.servers.tryton.server import READER_PASSWORD, TrytonServer
from tests.sources.commands.runs import COMPANY, Run, write_company
from tests.sources.tryton.nights import CREDENTIALS, Nights
from warehouse.cli import app


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GUANXI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GUANXI_COMPANY", str(tmp_path))
    monkeypatch.setenv("GUANXI_ALLOW_PRIVATE_SOURCES", "true")
    monkeypatch.setenv("GUANXI_SOURCE_SHOP", json.dumps(CREDENTIALS))

    def run(*words: str) -> Result:
        done = CliRunner().invoke(app, ["sources", *words])
        assert READER_PASSWORD not in done.output
        return done

    return run


def test_the_first_draft_is_tried_and_then_read_as_it_is(
    run: Run, nights: Nights, running: RunningServer, tryton: TrytonServer, tmp_path: Path
) -> None:
    write_company(tmp_path, {"name": "other", "kind": "files"})
    done = run("init", "tryton", "--name", "shop", "--setting", f"base_url={running.url}",
               "--setting", f"database={tryton.database}")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "not there: marketing.campaign: no such model" in done.stderr
    entry: dict[str, Any] = yaml.safe_load("sources:\n" + done.stdout)["sources"][0]
    start = yaml.safe_dump(COMPANY, allow_unicode=True)
    (tmp_path / "company.yml").write_text(f"{start}sources:\n{done.stdout}", encoding="utf-8")
    tried = run("test", "--source", "shop")
    assert (tried.exit_code, "✗" in tried.stdout) == (0, False), tried.stdout
    assert "records of sale.sale, the newest change at 20" in tried.stdout

    nights.workshop.source = entry
    reports = nights.run()
    # the one payment is on account and has no invoice: the mapping's reader makes invoice_id optional, or not
    assert {entity for entity, each in reports.items() if each.quarantined} == {"payments"}
    assert {"accounts", "contacts", "orders", "order_lines", "invoices", "opportunities", "tickets"} <= set(reports)
    assert {entity for entity, each in reports.items() if not each.new} == {"payments"}
    nights.next_day()
    assert {entity for entity, each in nights.run().items() if each.new or each.changed or each.deleted} == set()
