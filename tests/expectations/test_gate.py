"""The gate as the night meets it: what stops, what is told, what is kept, and what nobody gets to see."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from expectations import catalogue
from expectations.engine import NotMeasuredError
from expectations.gate import GateReport, check
from expectations.promises import ExpectRows
from tests.expectations import cast
from warehouse.database import Role, Warehouse
from warehouse.errors import GateClosedError
from warehouse.night import FencedError

pytestmark = pytest.mark.xdist_group("great_expectations")  # one worker loads it, once

RunGate = Callable[..., GateReport]
TWO_DEFECTS = """
    update raw.orders set currency_code = 'USD' where order_id = 'O3';
    delete from raw.payments;
    update raw.account_managers set email = null where account_manager_id = 'M2';
"""


def _stored(
    warehouse: Warehouse, columns: str = "suite, expectation, severity, is_success"
) -> list[tuple[object, ...]]:
    with warehouse.connect(Role.CHECKER) as connection:
        return connection.execute(
            f"select {columns} from ops.check_results order by suite, expectation".encode()
        ).fetchall()


def test_a_kept_stage_is_stored_whole_and_shown(raw: Warehouse, run_gate: RunGate) -> None:
    report = run_gate(raw, "raw")
    assert report.broken == report.warnings == ()
    assert len(_stored(raw)) == len(report.outcomes) > 30
    assert report.lines()[0] == f"check raw: {len(report.outcomes)} of {len(report.outcomes)} promises kept"
    assert report.page.name == "index.html"


def test_broken_critical_promises_stop_the_night_and_say_what_to_do(
    raw: Warehouse, run_gate: RunGate, tmp_path: Path
) -> None:
    cast.run(raw, TWO_DEFECTS)
    with pytest.raises(GateClosedError) as raised:
        run_gate(raw, "raw")
    lines = str(raised.value).splitlines()
    assert lines[0] == "check raw: 2 promises broken"
    assert lines[2].startswith("    - raw_orders: Every order is in the company's one currency:")
    assert lines[2].endswith("Seen 1, promised 0.")
    assert lines[3].startswith("    - raw_payments: The table holds rows:")
    assert lines[4] == "    and 1 broken as a warning"
    assert str(tmp_path / "docs" / "index.html") in lines[-1]


def test_results_are_stored_and_shown_before_the_night_stops(raw: Warehouse, run_gate: RunGate, tmp_path: Path) -> None:
    cast.run(raw, TWO_DEFECTS)
    with pytest.raises(GateClosedError):
        run_gate(raw, "raw")
    assert ("raw_orders", "ExpectOneCurrency", "critical", False) in _stored(raw)
    told = _stored(raw, "suite, expectation, column_name, failed_count")
    assert ("raw_orders", "ExpectOneCurrency", "other_currency_count", 1) in told
    assert ("raw_payments", "ExpectRows", "rows_count", None) in told, "no row broke it: there is none"
    page = (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    assert "2 critical promises are broken" in page


def test_a_warning_does_not_stop_the_night(raw: Warehouse, run_gate: RunGate) -> None:
    cast.run(raw, "update raw.account_managers set email = null where account_manager_id = 'M2'")
    report = run_gate(raw, "raw")
    assert [each.expectation for each in report.warnings] == ["ExpectMailAddresses"]
    assert any(line.startswith("warning: raw_account_managers: Every active manager") for line in report.lines())
    assert ("raw_account_managers", "ExpectMailAddresses", "warning", False) in _stored(raw)


def test_a_second_look_replaces_the_first(raw: Warehouse, run_gate: RunGate) -> None:
    cast.run(raw, "update raw.orders set account_id = 'gone' where order_id = 'O5'")
    run_gate(raw, "raw")
    first = _stored(raw)
    run_gate(raw, "raw")
    assert _stored(raw) == first
    with raw.connect(Role.CHECKER) as connection:
        noted = connection.execute(
            "select gen, source, entity, rule, record_id, \"row\" ->> 'account_id', seen from quarantine.rows"
        ).fetchall()
    assert noted == [(7, "erp", "orders", "unknown_account", "O5", "gone", "gone")]


def test_an_account_that_has_arrived_is_no_longer_noted(raw: Warehouse, run_gate: RunGate) -> None:
    cast.run(raw, "update raw.orders set account_id = 'late' where order_id = 'O5'")
    run_gate(raw, "raw")
    cast.run(
        raw,
        "insert into raw.accounts (source, record_id, content_hash, known_at, gen, account_id)"
        " values ('erp', 'late', 'h', '2026-03-31', 1, 'late')",
    )
    run_gate(raw, "raw")
    with raw.connect(Role.CHECKER) as connection:
        assert connection.execute("select count(*) from quarantine.rows").fetchone() == (0,)


def test_the_other_stages_results_stay(built: Warehouse, run_gate: RunGate) -> None:
    for stage in ("raw", "marts", "scores"):
        run_gate(built, stage)
    assert {stage for (stage,) in _stored(built, "stage")} == {"raw", "marts", "scores"}


def test_readers_see_the_live_nights_results_only(raw: Warehouse, run_gate: RunGate) -> None:
    run_gate(raw, "raw")
    seen = "select count(*) > 30, count(distinct as_of_date) from bi.check_results"
    with raw.connect(Role.READER) as connection:
        assert connection.execute(seen).fetchone() == (False, 0)
    cast.run(raw, "insert into ops.published (gen, as_of) values (7, '2026-03-31')")
    with raw.connect(Role.READER) as connection:
        assert connection.execute(seen).fetchone() == (True, 1)


def test_a_taken_over_attempt_stores_nothing(raw: Warehouse, tmp_path: Path) -> None:
    night, orphan = cast.open_night(raw, tmp_path, stage="raw")
    cast.claim_stage(raw, night, stage="raw")
    with pytest.raises(FencedError):
        check(
            "raw", night=night, claim=orphan, warehouse=raw, company=cast.company(), docs_folder=tmp_path / "docs",
            progress=lambda _: None,
        )  # fmt: skip
    assert _stored(raw) == []


def test_no_personal_value_reaches_results_pages_or_errors(
    built: Warehouse, run_gate: RunGate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cast.run(
        built,
        f"""
        update raw.orders set account_id = '{cast.CANARY}', currency_code = '{cast.CANARY}' where order_id like 'O1%';
        update raw.account_managers set email = '{cast.CANARY}';
        update fct_churn_scores set account_id = '{cast.CANARY}', band_code = '{cast.CANARY}';
        alter table fct_account_rfm alter column as_of_date type text using '{cast.CANARY}';
        """,
    )
    told: list[str] = []
    for stage in ("raw", "marts", "scores"):
        with pytest.raises(GateClosedError) as raised:
            run_gate(built, stage)
        told.append(str(raised.value))
        told.append((tmp_path / "docs" / "index.html").read_text(encoding="utf-8"))
    told.append(repr(_stored(built, "*")))
    told.extend(capfd.readouterr())
    assert "not measured" in told[2]
    assert [text[:200] for text in told if "Canary" in text] == []


@pytest.mark.parametrize("may_make_tables", [True, False])
def test_a_server_that_goes_away_breaks_no_promise(
    raw: Warehouse, run_gate: RunGate, monkeypatch: pytest.MonkeyPatch, may_make_tables: bool
) -> None:
    from expectations import raw_products

    if not may_make_tables:
        cast.run(raw, f"revoke temporary on database {raw.database} from guanxi_checker, public")
    sound = raw_products.suite
    cuts_itself_off = "select count(*) as rows_count, count(pg_terminate_backend(pg_backend_pid())) as other_count"
    monkeypatch.setitem(
        catalogue.RAW,
        "products",
        lambda scope: replace(sound(scope), figures=cuts_itself_off, promises=(ExpectRows(),)),
    )
    with pytest.raises(NotMeasuredError) as raised:
        run_gate(raw, "raw")
    assert "127.0.0.1" not in str(raised.value)
    assert _stored(raw) == []


def test_no_password_reaches_the_page(raw: Warehouse, run_gate: RunGate) -> None:
    report = run_gate(raw, "raw")
    assert raw.password(Role.CHECKER.value) not in report.page.read_text(encoding="utf-8")


def test_the_page_asks_no_other_machine(raw: Warehouse, run_gate: RunGate) -> None:
    page = run_gate(raw, "raw").page
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//|@import|url\(|<script", text) == []
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_the_page_speaks_both_languages_and_shows_great_expectations_own_results(
    raw: Warehouse, run_gate: RunGate
) -> None:
    text = run_gate(raw, "raw").page.read_text(encoding="utf-8")
    assert "Open: every critical promise is kept" in text
    assert "所有关键承诺均已兑现" in text
    assert "每张订单都属于已知客户" in text
    assert "Evaluated Expectations" in text


def test_what_is_not_delivered_is_said(raw: Warehouse, run_gate: RunGate) -> None:
    report = run_gate(raw, "raw", company=cast.company(without=("invoices", "payments")))
    assert [each.name for each in report.skipped] == ["raw_invoices", "raw_payments"]
    assert "raw_payments is not checked: the company delivers none" in report.lines()
    assert "raw_payments: not checked" in report.page.read_text(encoding="utf-8")


def test_importing_the_gate_does_not_load_great_expectations() -> None:
    code = "import sys, expectations.gate; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_great_expectations_starts_without_what_no_gate_uses_and_gets_it_when_asked() -> None:
    code = """
import sys
from expectations.light_start import load_great_expectations
load_great_expectations()
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as unused
assert not {"altair", "scipy.stats"} & set(sys.modules), "loaded for nothing"
assert unused.stats.entropy([0.5, 0.5]) > 0
import altair, scipy.stats
assert unused.stats.norm is scipy.stats.norm
assert unused.alt.Chart is altair.Chart
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
