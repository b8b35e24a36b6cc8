"""Every promise of the scores and lists: kept by a sound night, broken by the defect it is there for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from expectations.scores_churn_scores import ExpectFewBandMoves
from tests.expectations import cast
from tests.expectations.cast import Look
from warehouse.database import Warehouse

pytestmark = pytest.mark.xdist_group("great_expectations")  # one worker loads it, once

ROOT = Path(__file__).resolve().parents[2]
SCORES, LISTS = "scores_churn_scores", "scores_churn_lists"
VALUES = "scores_lifetime_values"
VALUED = "update fct_account_lifetime_values set"

DEFECTS = [
    (SCORES, "ExpectOneScoreEach",
     "insert into fct_churn_scores select * from fct_churn_scores where account_id = 'A1'",
     "2 / 41"),
    (SCORES, "ExpectScored", "update fct_churn_scores set churn_probability = null where account_id = 'A1'", "1 / 40"),
    (SCORES, "ExpectProbability", "update fct_churn_scores set churn_probability = 1.01 where account_id = 'A1'",
     "1 / 40"),
    (SCORES, "ExpectProbability", "update fct_churn_scores set churn_probability = 'NaN' where account_id = 'A1'",
     "1 / 40"),
    (SCORES, "ExpectBand", "update fct_churn_scores set band_code = null where account_id = 'A1'", "1 / 40"),
    (SCORES, "ExpectKnownBand", "update fct_churn_scores set band_code = 'purple' where account_id = 'A1'", "1 / 40"),
    (SCORES, "ExpectEligibleScored", "delete from fct_churn_scores where account_id in ('A1', 'A2', 'A3')", "92.50%"),
    (SCORES, "ExpectNobodyElseScored", "update fct_churn_features set is_eligible = false where account_id = 'A1'",
     "1"),
    (SCORES, "ExpectSpread", "update fct_churn_scores set churn_probability = 0.5", "100.00%"),
    (SCORES, "ExpectRowsOfTheDay", "update fct_churn_scores set as_of_date = '2026-03-30' where account_id = 'A1'",
     "1"),
    (LISTS, "ExpectListedOnce", "update fct_churn_lists set account_id = 'A40' where account_id = 'A39'", "2 / 16"),
    (LISTS, "ExpectListedAccount", "update fct_churn_lists set account_id = null where account_id = 'A39'", "1 / 16"),
    (LISTS, "ExpectAnOwner", "update fct_churn_lists set account_manager_id = null where account_id = 'A39'", "1 / 16"),
    (LISTS, "ExpectListedProbability", "update fct_churn_lists set churn_probability = -0.1 where account_id = 'A39'",
     "1 / 16"),
    (LISTS, "ExpectKnownOwners", "delete from dim_account_managers where account_manager_id = 'M1'", "5"),
    (LISTS, "ExpectRanksInOrder", "update fct_churn_lists set rank = 99 where account_id = 'A39'", "1"),
    (LISTS, "ExpectRanksInOrder", "update fct_churn_lists set rank = rank - 1", "3"),
    (LISTS, "ExpectCapacityKept", "update dim_account_managers set list_capacity = 4 where account_manager_id = 'M1'",
     "1"),
    (LISTS, "ExpectCapacityKept", "update dim_account_managers set list_capacity = null; update policy_parameters"
     " set value = '5'", "1"),
    (LISTS, "ExpectCapacityKept", "update dim_account_managers set list_capacity = 4, covered_by_id ="
     " case account_manager_id when 'M2' then 'M3' end", "2"),
    (LISTS, "ExpectOwnRows", "update dim_account_managers set covered_by_id = 'M2' where account_manager_id = 'M1'",
     "5"),
    (LISTS, "ExpectOwnRows", "update dim_account_managers set is_active = false where account_manager_id = 'M1'", "5"),
    (LISTS, "ExpectListedAsScored", "update fct_churn_lists set churn_probability = 0.9999 where account_id = 'A39'",
     "1"),
    (LISTS, "ExpectListedAsScored", "delete from fct_churn_scores where account_id = 'A39'", "1"),
    (LISTS, "ExpectNobodyHeldOut", "update fct_programme_assignments set arm = 'holdout' where account_id = 'A39'",
     "1"),
    (LISTS, "ExpectNoInternalAccounts", "update dim_accounts set is_internal = true where account_id = 'A39'", "1"),
    (VALUES, "ExpectRowsOfTheDay", f"{VALUED} as_of_date = '2026-03-30' where account_id = 'A1'", "2"),
    (VALUES, "ExpectNumbersOrUnknown", f"{VALUED} high_amount = 'NaN' where account_id = 'A9'", "2"),
    (VALUES, "ExpectNumbersOrUnknown", f"{VALUED} expected_order_days = 'NaN' where account_id = 'A9'", "2"),
    (VALUES, "ExpectNothingNegative", f"{VALUED} lifetime_value_amount = -1 where account_id = 'A9'", "2"),
    (VALUES, "ExpectNothingNegative", f"{VALUED} buying_amount = -1 where account_id = 'A9'", "2"),
    (VALUES, "ExpectNoughtExplained", f"{VALUED} clv_note = null where account_id = 'A1'", "2"),
    (VALUES, "ExpectNoughtExplained", f"{VALUED} clv_note = 'given_back' where account_id = 'A9'", "2"),
    (VALUES, "ExpectNoughtExplained", f"{VALUED} lifetime_value_amount = null where account_id = 'A9'", "2"),
    (VALUES, "ExpectNoughtExplained", f"{VALUED} unknown_reason = 'no_retention_yet' where account_id = 'A9'", "2"),
    (VALUES, "ExpectActiveValued", "delete from fct_account_lifetime_values where lifetime_value_key = 'A9|12'", "1"),
    (VALUES, "ExpectProbabilityOfBuying", f"{VALUED} active_probability = 1.01 where account_id = 'A9'", "2"),
]  # fmt: skip


@pytest.mark.parametrize("stage_is_first", [True, False])
def test_sound_scores_keep_every_promise(built: Warehouse, look: Look, stage_is_first: bool) -> None:
    if not stage_is_first:
        cast.make_live(built, date(2026, 3, 30))
    outcomes = look(built, "scores")
    assert len(outcomes) > 20
    assert [each for each in outcomes.values() if not each.is_success] == []


@pytest.mark.parametrize(("suite", "promise", "defect", "observed"), DEFECTS, ids=[case[2] for case in DEFECTS])
def test_a_defect_breaks_the_promise_against_it(
    built: Warehouse, look: Look, suite: str, promise: str, defect: str, observed: str
) -> None:
    cast.run(built, defect)
    outcome = look(built, "scores", only=suite)[promise]
    assert (outcome.is_success, outcome.observed, outcome.severity) == (False, observed, "critical")


def test_nineteen_of_twenty_scored_are_enough(built: Warehouse, look: Look) -> None:
    cast.run(built, "delete from fct_churn_scores where account_id in ('A1', 'A2')")
    outcome = look(built, "scores", only=SCORES)["ExpectEligibleScored"]
    assert (outcome.is_success, outcome.observed, outcome.expected) == (True, "95.00%", "≥ 95.00%")


def test_no_scores_at_all_never_pass(built: Warehouse, look: Look) -> None:
    cast.run(built, "delete from fct_churn_scores")
    outcomes = look(built, "scores", only=SCORES)
    assert not outcomes["ExpectRows"].is_success
    assert not outcomes["ExpectEligibleScored"].is_success


def test_who_has_recovered_takes_nobodys_place(built: Warehouse, look: Look) -> None:
    cast.run(built, "update dim_account_managers set list_capacity = 4 where account_manager_id = 'M1'")
    last = "(select max(rank) from fct_churn_lists where account_manager_id = 'M1')"
    cast.run(
        built,
        f"update fct_churn_lists set status_code = 'recovered' where account_manager_id = 'M1' and rank = {last}",
    )
    assert look(built, "scores", only=LISTS)["ExpectCapacityKept"].is_success


def test_listed_accounts_without_a_reason_are_told(built: Warehouse, look: Look) -> None:
    cast.run(built, "update fct_churn_lists set reason_1_code = null where account_id = 'A39'")
    outcome = look(built, "scores", only=LISTS)["ExpectReason"]
    assert (outcome.is_success, outcome.severity, outcome.observed) == (False, "warning", "1 / 16")
    assert outcome.expected == "≤ 5%"


@pytest.mark.parametrize(("movers", "is_success"), [(8, True), (9, False)])
def test_more_than_a_fifth_that_change_their_band_overnight_are_told(
    built: Warehouse, look: Look, movers: int, is_success: bool
) -> None:
    cast.make_live(built, date(2026, 3, 30))
    cast.run(built, f"update fct_churn_scores set band_code = 'medium' where churn_probability < {movers + 0.5} / 41")
    outcome = look(built, "scores", only=SCORES)["ExpectFewBandMoves"]
    assert (outcome.is_success, outcome.severity) == (is_success, "warning")


def test_the_outbox_knows_the_promise_whose_break_holds_the_lists() -> None:
    outbox = (ROOT / "warehouse" / "migrations" / "050_outbox.sql").read_text(encoding="utf-8")
    assert f"c.suite = '{SCORES}'" in outbox
    assert f"c.expectation = '{ExpectFewBandMoves.__name__}'" in outbox


def test_bands_are_compared_with_yesterday_only(built: Warehouse, look: Look) -> None:
    cast.make_live(built, date(2026, 3, 29))
    assert "ExpectFewBandMoves" not in look(built, "scores", only=SCORES)


def test_empty_lists_are_told_and_twice_when_somebody_is_at_high_risk(built: Warehouse, look: Look) -> None:
    cast.run(built, "delete from fct_churn_lists")
    broken = {name: each for name, each in look(built, "scores", only=LISTS).items() if not each.is_success}
    assert {name: (each.severity, each.observed) for name, each in broken.items()} == {
        "ExpectListedRows": ("warning", "0"),
        "ExpectRiskIsListed": ("warning", "16"),
    }


def test_a_list_of_the_fallback_manager_has_a_known_owner(built: Warehouse, look: Look) -> None:
    cast.run(built, "update fct_churn_lists set account_manager_id = 'desk' where account_manager_id = 'M1'")
    assert look(built, "scores", only=LISTS)["ExpectKnownOwners"].is_success


def test_few_accounts_may_have_equal_scores(built: Warehouse, look: Look) -> None:
    few = "cast(substr(account_id, 2) as integer) > 19"
    cast.run(
        built,
        f"delete from fct_churn_scores where {few}; update fct_churn_features set is_eligible = false where {few};"
        " update fct_churn_scores set churn_probability = 0.2",
    )
    assert look(built, "scores", only=SCORES)["ExpectSpread"].is_success


def test_a_value_that_is_not_known_needs_a_reason_and_no_note(built: Warehouse, look: Look) -> None:
    cast.run(
        built, f"{VALUED} lifetime_value_amount = null, unknown_reason = 'no_retention_yet' where months_count = 24"
    )
    told = look(built, "scores", only=VALUES)["ExpectNoughtExplained"]
    assert (told.is_success, told.observed) == (False, "2"), "those with a note are not unknown"
    cast.run(built, f"{VALUED} clv_note = null where months_count = 24")
    assert look(built, "scores", only=VALUES)["ExpectNoughtExplained"].is_success
