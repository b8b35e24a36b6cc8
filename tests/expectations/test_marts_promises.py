"""Every promise of the marts: kept by a sound build, broken by the defect it is there for."""

from __future__ import annotations

from datetime import date

import pytest

from tests.expectations import cast
from tests.expectations.cast import Look
from warehouse.database import Warehouse

pytestmark = pytest.mark.xdist_group("great_expectations")  # one worker loads it, once

DEFECTS = [
    ("marts_dim_accounts", "ExpectRowsOfTheDay",
     "update dim_accounts set as_of_date = '2026-03-30' where account_id = 'A1'", "1"),
    ("marts_dim_accounts", "ExpectCustomers", "update dim_accounts set is_customer = false", "0"),
    ("marts_fct_order_lines", "ExpectRevenueOfRaw",
     "insert into fct_order_lines (net_amount, is_revenue, is_attributed,"
     " as_of_date) values (41, true, false, '2026-03-31')", "0.10%"),
    ("marts_fct_order_lines", "ExpectRevenueOfRaw", "delete from fct_order_lines where order_line_key = 'erp|L1'",
     "0.25%"),
    ("marts_fct_account_rfm", "ExpectOneSegmentEach", "delete from fct_account_rfm where account_id = 'A1'", "1"),
    ("marts_fct_account_rfm", "ExpectOneSegmentEach",
     "insert into fct_account_rfm values ('A1', 'lost', '2026-03-31')", "1"),
    ("marts_fct_account_abc", "ExpectOneClassEach",
     "delete from fct_account_abc where account_id in ('A1', 'A2')", "2"),
    ("marts_fct_account_lifecycle_months", "ExpectOneStageEach",
     "update fct_account_lifecycle_months set is_current = true where account_id = 'A1'", "1"),
    ("marts_fct_churn_features", "ExpectFeaturesOfToday",
     "delete from fct_churn_features where snapshot_date = '2026-03-31'", "0"),
    ("marts_fct_churn_features", "ExpectNoFutureSnapshots",
     "update fct_churn_features set snapshot_date = '2026-04-30' where account_id = 'A1' and not is_current", "1"),
    ("marts_fct_churn_features", "ExpectKnownBehaviour",
     "update fct_churn_features set typical_gap_days = null where account_id = 'A1'", "1"),
    ("marts_fct_churn_features", "ExpectNumbers",
     "update fct_churn_features set overdue_ratio = 'NaN' where account_id = 'A1'", "2"),
]  # fmt: skip

WARNINGS = [
    ("marts_fct_order_lines", "ExpectAttributedRevenue",
     "update fct_order_lines set is_attributed = false where order_line_key < 'erp|L3'", "55.50%"),
    ("marts_fct_churn_features", "ExpectSomebodyEligible", "update fct_churn_features set is_eligible = false", "0"),
]  # fmt: skip

MOVES = [
    ("marts_fct_account_rfm", "ExpectFewSegmentMoves", "fct_account_rfm set segment_code = 'lost'"),
    ("marts_fct_account_abc", "ExpectFewClassMoves", "fct_account_abc set abc_class = 'C'"),
    ("marts_fct_account_lifecycle_months", "ExpectFewStageMoves",
     "fct_account_lifecycle_months set stage_code = 'lost'"),
]  # fmt: skip

MARTS = ("dim_accounts", "fct_order_lines", "fct_account_rfm", "fct_account_abc", "fct_account_lifecycle_months",
         "fct_churn_features")  # fmt: skip


def test_a_sound_build_keeps_every_promise(built: Warehouse, look: Look) -> None:
    outcomes = look(built, "marts")
    assert len(outcomes) > 20
    assert [each for each in outcomes.values() if not each.is_success] == []


@pytest.mark.parametrize(("suite", "promise", "defect", "observed"), DEFECTS, ids=[case[2] for case in DEFECTS])
def test_a_defect_breaks_the_promise_against_it(
    built: Warehouse, look: Look, suite: str, promise: str, defect: str, observed: str
) -> None:
    cast.run(built, defect)
    outcome = look(built, "marts", only=suite)[promise]
    assert (outcome.is_success, outcome.observed, outcome.severity) == (False, observed, "critical")


@pytest.mark.parametrize(("suite", "promise", "defect", "observed"), WARNINGS, ids=[case[2] for case in WARNINGS])
def test_what_may_be_true_is_a_warning(
    built: Warehouse, look: Look, suite: str, promise: str, defect: str, observed: str
) -> None:
    cast.run(built, defect)
    outcome = look(built, "marts", only=suite)[promise]
    assert (outcome.is_success, outcome.observed, outcome.severity) == (False, observed, "warning")


@pytest.mark.parametrize("mart", MARTS)
def test_an_empty_mart_never_passes(built: Warehouse, look: Look, mart: str) -> None:
    cast.run(built, f"delete from {mart}")
    outcome = look(built, "marts", only=f"marts_{mart}")["ExpectRows"]
    assert (outcome.is_success, outcome.severity) == (False, "critical")


@pytest.mark.parametrize(("suite", "promise", "change"), MOVES, ids=[case[1] for case in MOVES])
@pytest.mark.parametrize(("movers", "is_success"), [(12, True), (13, False)])
def test_more_than_three_tenths_that_move_in_a_night_are_told(
    built: Warehouse, look: Look, suite: str, promise: str, change: str, movers: int, is_success: bool
) -> None:
    cast.make_live(built, date(2026, 3, 30))
    cast.run(built, f"update {change} where cast(substr(account_id, 2) as integer) <= {movers}")
    outcome = look(built, "marts", only=suite)[promise]
    assert (outcome.is_success, outcome.severity) == (is_success, "warning")


def test_moves_are_not_compared_with_a_night_long_past(built: Warehouse, look: Look) -> None:
    cast.make_live(built, date(2026, 3, 23))
    assert "ExpectFewSegmentMoves" not in look(built, "marts", only="marts_fct_account_rfm")


@pytest.mark.parametrize(("lost", "is_success"), [(8, True), (9, False)])
def test_a_fifth_of_the_customers_may_not_vanish(built: Warehouse, look: Look, lost: int, is_success: bool) -> None:
    cast.make_live(built, date(2026, 1, 31))
    cast.run(built, f"delete from dim_accounts where cast(substr(account_id, 2) as integer) <= {lost}")
    outcome = look(built, "marts", only="marts_dim_accounts")["ExpectCustomersToStay"]
    assert (outcome.is_success, outcome.severity) == (is_success, "critical")


def test_who_is_under_contract_needs_no_orders_to_be_known(built: Warehouse, look: Look) -> None:
    cast.run(
        built,
        "update fct_churn_features set days_since_last_order = null, order_days_365d_count = null,"
        " net_revenue_365d_amount = null, typical_gap_days = null, contract_tenure_days = 9 where account_id <> 'A1'",
    )
    assert look(built, "marts", only="marts_fct_churn_features")["ExpectKnownBehaviour"].is_success
    cast.run(built, "update fct_churn_features set contract_tenure_days = null where account_id = 'A2'")
    assert look(built, "marts", only="marts_fct_churn_features")["ExpectKnownBehaviour"].observed == "1"


def test_the_control_total_counts_what_the_models_must_count(built: Warehouse, look: Look) -> None:
    cast.run(
        built,
        """
        update raw.order_lines set line_kind = 'shipping' where order_line_id = 'L1';
        update fct_order_lines set is_revenue = false where order_line_key = 'erp|L1';
        update raw.orders set status = 'cancelled' where order_id = 'O10';
        update fct_order_lines set is_revenue = false where order_line_key in ('erp|L19', 'erp|L20');
        update raw.order_lines set line_kind = null where order_line_id = 'L3';
        """,
    )
    assert look(built, "marts", only="marts_fct_order_lines")["ExpectRevenueOfRaw"].observed == "0.00%"


@pytest.mark.parametrize("may_make_tables", [True, False])
def test_a_column_that_is_gone_breaks_its_promises_and_says_which(
    built: Warehouse, look: Look, may_make_tables: bool
) -> None:
    if not may_make_tables:
        cast.run(built, f"revoke temporary on database {built.database} from guanxi_checker, public")
    cast.run(built, "alter table fct_account_rfm rename column segment_code to segment")
    cast.make_live(built, date(2026, 3, 30))
    outcome = look(built, "marts", only="marts_fct_account_rfm")["ExpectFewSegmentMoves"]
    assert (outcome.is_success, outcome.severity) == (False, "critical")
    assert "segment_code" in outcome.observed
