"""Every promise of what arrives: kept by sound data, broken by the defect it is there for, and by no other."""

from __future__ import annotations

import pytest

from tests.expectations import cast
from tests.expectations.cast import Look
from warehouse.database import Warehouse

pytestmark = pytest.mark.xdist_group("great_expectations")  # one worker loads it, once

DEFECTS = [
    ("raw_orders", "ExpectEveryRowNamed", "update raw.orders set order_id = '' where order_id = 'O1'", "1", "critical"),
    ("raw_orders", "ExpectLedgerAgrees", "delete from raw.orders where order_id = 'O199'", "1", "critical"),
    ("raw_orders", "ExpectNothingFromTheFuture",
     "update raw.orders set ordered_at = '2026-04-01 00:30+02' where order_id = 'O200'", "1", "critical"),
    ("raw_orders", "ExpectOneCurrency", "update raw.orders set currency_code = 'USD' where order_id = 'O3'", "1",
     "critical"),
    ("raw_orders", "ExpectFreshOrders",
     "update raw.orders set ordered_at = ordered_at - interval '8 days'", "8", "warning"),
    ("raw_orders", "ExpectKnownAccounts", "update raw.orders set account_id = 'gone' where order_id = 'O5'", "1",
     "warning"),
    ("raw_orders", "ExpectFewUnknownAccounts",
     "update raw.orders set account_id = 'gone' where order_id in ('O5', 'O6', 'O7')", "1.50%", "critical"),
    ("raw_order_lines", "ExpectKnownOrders", "update raw.order_lines set order_id = 'gone' where order_line_id = 'L9'",
     "1", "warning"),
    ("raw_order_lines", "ExpectFewOrphanLines",
     "update raw.order_lines set order_id = 'gone' where order_line_id like 'L1_'", "2.50%", "critical"),
    ("raw_order_lines", "ExpectSaneAmounts",
     "update raw.order_lines set net_amount = 'NaN' where order_line_id = 'L9'", "1", "critical"),
    ("raw_order_lines", "ExpectSaneAmounts",
     "update raw.order_lines set net_amount = -1e12 where order_line_id = 'L9'", "1", "critical"),
    ("raw_order_lines", "ExpectSameUnit", "update raw.order_lines set net_amount = 10000 where gen = 7", "10,000.00%",
     "critical"),
    ("raw_order_lines", "ExpectSameUnit", "update raw.order_lines set net_amount = 1 where gen = 7", "1.00%",
     "critical"),
    ("raw_order_lines", "ExpectKnownProducts", "delete from raw.products where product_id = 'P1'", "20.00%", "warning"),
    ("raw_accounts", "ExpectKnownManagers", "delete from raw.account_managers where account_manager_id = 'M1'",
     "32.50%", "warning"),
    ("raw_account_managers", "ExpectAnActiveManager", "update raw.account_managers set is_active = false", "0",
     "warning"),
    ("raw_account_managers", "ExpectMailAddresses",
     "update raw.account_managers set email = null where account_manager_id = 'M2'", "1", "warning"),
    ("raw_invoices", "ExpectInvoicedAccounts", "update raw.invoices set account_id = 'gone' where invoice_id = 'I1'",
     "2.00%", "warning"),
    ("raw_invoices", "ExpectDueAfterInvoice", "update raw.invoices set due_date = '2026-01-14' where invoice_id = 'I1'",
     "2.00%", "warning"),
    ("raw_sources", "ExpectSourcesDelivered", "insert into ops.sources values ('crm', 'files', 2)", "1", "warning"),
    ("raw_payments", "ExpectPaidInvoicesKnown", "delete from raw.invoices where invoice_id = 'I1'", "2.00%",
     "warning"),
]  # fmt: skip


def test_sound_data_keep_every_promise(raw: Warehouse, look: Look) -> None:
    outcomes = look(raw, "raw")
    assert len(outcomes) > 30
    assert [each for each in outcomes.values() if not each.is_success] == []


@pytest.mark.parametrize(
    ("suite", "promise", "defect", "observed", "severity"), DEFECTS, ids=[f"{case[1]}: {case[2]}" for case in DEFECTS]
)
def test_a_defect_breaks_the_promise_against_it(
    raw: Warehouse, look: Look, suite: str, promise: str, defect: str, observed: str, severity: str
) -> None:
    cast.run(raw, defect)
    outcome = look(raw, "raw", only=suite)[promise]
    assert (outcome.is_success, outcome.observed, outcome.severity) == (False, observed, severity)


@pytest.mark.parametrize("entity", cast.ENTITIES)
def test_an_empty_table_never_passes(raw: Warehouse, look: Look, entity: str) -> None:
    cast.run(raw, f"delete from raw.{entity}")
    outcome = look(raw, "raw", only=f"raw_{entity}")["ExpectRows"]
    assert (outcome.is_success, outcome.severity, outcome.observed) == (False, "critical", "0")


def test_only_the_newest_version_that_is_known_by_the_night_counts(raw: Warehouse, look: Look) -> None:
    bad_then_mended = """
        insert into raw.orders (source, record_id, content_hash, known_at, gen, order_id,
            account_id, ordered_at, status, currency_code)
        select source, record_id, 'h2', timestamptz '2026-01-01', 1, order_id, 'gone',
            ordered_at, status, 'USD' from raw.orders where order_id = 'O5';
        insert into raw.orders (source, record_id, content_hash, known_at, gen, order_id,
            account_id, ordered_at, status, currency_code)
        select source, record_id, 'h3', timestamptz '2026-04-01 00:00+02', 1, order_id, 'gone',
            ordered_at, status, 'USD' from raw.orders where order_id = 'O6' and known_at < '2026-03-01';
    """
    cast.run(raw, bad_then_mended)
    outcomes = look(raw, "raw", only="raw_orders")
    assert outcomes["ExpectRows"].observed == "200"
    assert [each for each in outcomes.values() if not each.is_success] == []


def test_unknown_accounts_do_not_stop_a_company_whose_orders_need_none(raw: Warehouse, look: Look) -> None:
    cast.run(raw, "update raw.orders set account_id = 'gone' where order_id in ('O5', 'O6', 'O7')")
    outcomes = look(raw, "raw", only="raw_orders", company=cast.company(optional=("account_id",)))
    broken = {name: each.severity for name, each in outcomes.items() if not each.is_success}
    assert broken == {"ExpectKnownAccounts": "warning", "ExpectFewUnknownAccountsWhereOptional": "warning"}


def test_an_order_without_an_account_is_not_one_of_an_unknown_account(raw: Warehouse, look: Look) -> None:
    cast.run(raw, "update raw.orders set account_id = null where order_id like 'O1%'")
    outcomes = look(raw, "raw", only="raw_orders", company=cast.company(optional=("account_id",)))
    assert outcomes["ExpectKnownAccounts"].is_success


def test_what_the_company_does_not_deliver_is_not_checked(raw: Warehouse, look: Look) -> None:
    outcomes = look(raw, "raw", company=cast.company(without=("invoices", "payments", "accounts", "products")))
    assert {name.partition(".")[0] for name in outcomes} == {
        *("raw_sources", "raw_orders", "raw_order_lines", "raw_account_managers")
    }
    assert "raw_orders.ExpectKnownAccounts" not in outcomes
    assert "raw_order_lines.ExpectKnownProducts" not in outcomes


def test_a_company_may_say_how_fresh_its_orders_must_be(raw: Warehouse, look: Look) -> None:
    cast.run(raw, "update raw.orders set ordered_at = ordered_at - interval '8 days'")
    outcome = look(raw, "raw", only="raw_orders", company=cast.company(freshness_days=8))["ExpectFreshOrders"]
    assert (outcome.is_success, outcome.expected) == (True, "≤ 8")


def _history(amounts: dict[str, int]) -> str:
    rows = [
        f"insert into ops.runs (gen, run_id, as_of, timezone, state)"
        f" values ({number - 60}, '{day}', '{day}', 'UTC', 'published');"
        f" insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count,"
        f" unchanged_count, seconds) values ({number - 60}, 1, 'erp', 'orders', 'd', '{day}', false, 'loaded',"
        f" {amount}, {amount}, 1);"
        for number, (day, amount) in enumerate(amounts.items())
    ]
    return "\n".join(rows)


def _march(days: range, *, weekday: int, weekend: int) -> dict[str, int]:
    # 1 March 2026 is a Sunday; the night is Tuesday, 31 March
    return {f"2026-03-{day:02d}": weekend if day % 7 in (0, 1) else weekday for day in days}


@pytest.mark.parametrize(
    ("history", "is_success", "observed"),
    [
        pytest.param(_march(range(25, 31), weekday=5000, weekend=0), True, "100.00%", id="too few nights to judge"),
        pytest.param(_march(range(1, 31), weekday=50, weekend=0), True, "100.00%", id="as on other Tuesdays"),
        pytest.param(_march(range(1, 31), weekday=5000, weekend=0), False, "1.00%", id="a hundredth"),
        pytest.param(_march(range(1, 31), weekday=5000, weekend=50), False, "1.00%", id="a Sunday's amount on Tuesday"),
        pytest.param(_march(range(18, 31), weekday=500, weekend=40), True, "100.00%", id="young: above its quiet days"),
        pytest.param(_march(range(18, 31), weekday=5000, weekend=500), False, "10.00%", id="young: below them all"),
        pytest.param(_march(range(1, 31), weekday=10, weekend=0), True, "100.00%", id="too few rows to judge"),
    ],
)
def test_the_usual_volume_knows_weekdays(
    raw: Warehouse, look: Look, history: dict[str, int], is_success: bool, observed: str
) -> None:
    cast.run(raw, _history({"2026-02-27": 10**6} | history))  # the first load is no history
    outcome = look(raw, "raw", only="raw_orders")["ExpectUsualVolume"]
    assert (outcome.is_success, outcome.observed, outcome.severity) == (is_success, observed, "warning")


# The CRM brings forty times as many orders as the ERP, but nothing on the last two days.
CRM_HISTORY = """
    insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count,
        unchanged_count, seconds)
    select gen, 1, 'crm', entity, dataset, as_of, true,
        case when as_of <= '2026-03-29' then 'loaded' else 'carried' end, 2000, 2000, 1 from ops.extracts
"""


def test_a_carried_source_is_told_with_its_days_and_is_not_missed_in_the_volume(raw: Warehouse, look: Look) -> None:
    history = _history({"2026-02-27": 10**6} | _march(range(1, 31), weekday=50, weekend=0))
    cast.run(raw, history + "insert into ops.sources values ('crm', 'files', 2);" + CRM_HISTORY)
    outcomes = look(raw, "raw")
    late = outcomes["raw_sources.ExpectNoOldSource"]
    assert (late.is_success, late.observed, late.expected, late.severity) == (False, "2", "0", "warning")
    assert not outcomes["raw_sources.ExpectSourcesDelivered"].is_success
    assert outcomes["raw_orders.ExpectUsualVolume"].observed == "100.00%"
