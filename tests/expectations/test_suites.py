"""House rules of the suites: each has rows, names, words in two languages, and figures that hold no value of a row."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import expectations
from expectations import catalogue, promises
from expectations.promises import ExpectRows, FigurePromise
from expectations.suite import Scope, Stage, Suite
from warehouse.database import Role, Warehouse

pytestmark = pytest.mark.xdist_group("great_expectations")  # one worker loads it, once

ROOM = Path(expectations.__file__).parent
STAGES: tuple[Stage, ...] = ("raw", "marts", "scores")

FULL = Scope(
    gen=7,
    as_of=date(2026, 3, 31),
    timezone="Europe/Berlin",
    known_before="cast('2026-04-01T00:00:00+02:00' as timestamptz)",
    currency="EUR",
    freshness_days=7,
    mapped=dict.fromkeys(catalogue.RAW, frozenset[str]()),
    build_schema="build_7_1",
    live_as_of=date(2026, 3, 30),
    live_marts=frozenset(),
    band_codes=("low", "medium", "high"),
    fallback_manager_id="desk",
)
LIVE = replace(
    FULL,
    live_marts=frozenset(
        ("dim_accounts", "fct_account_rfm", "fct_account_abc", "fct_account_lifecycle_months", "fct_churn_scores")
    ),
)
SUITES = [(stage, suite) for stage in STAGES for suite in catalogue.suites(stage, LIVE)[0]]
NAMES = [suite.name for _, suite in SUITES]


def _all(suite: Suite) -> list[Any]:
    return [*suite.promises, *suite.row_promises]


def test_every_module_of_a_table_is_in_the_catalogue() -> None:
    modules = {path.stem for path in ROOM.glob("*.py") if path.stem.partition("_")[0] in STAGES}
    assert modules - {"raw_figures", "marts_figures"} == set(NAMES)
    assert len(NAMES) == 17


@pytest.mark.parametrize(("stage", "suite"), SUITES, ids=NAMES)
class TestEverySuite:
    def test_has_a_rule_for_rows(self, stage: Stage, suite: Suite) -> None:
        assert any(isinstance(promise, ExpectRows) for promise in suite.promises)
        assert suite.name.startswith(stage)

    def test_names_its_promises_once(self, stage: Stage, suite: Suite) -> None:
        kinds = [promise.expectation_type for promise in _all(suite)]
        assert len(kinds) == len(set(kinds)), stage

    def test_says_every_promise_in_both_languages(self, stage: Stage, suite: Suite) -> None:
        for promise in _all(suite):
            name = type(promise).__name__
            assert name.startswith("Expect"), stage
            assert promise.description.endswith("."), name
            assert re.search(r"[\u4e00-\u9fff]", promise.meta["zh"]), name
            assert promise.meta["zh"].endswith("。"), name
            assert promise.severity in ("critical", "warning"), name

    def test_names_a_figure_for_every_promise(self, stage: Stage, suite: Suite) -> None:
        for promise in suite.promises:
            assert isinstance(promise, FigurePromise), stage
            assert promise.column in suite.figures
            assert promise.column.endswith(("_count", "_rate", "_days"))
            assert promise.min_value is not None or promise.max_value is not None


def test_no_two_promises_share_a_name() -> None:
    classes = {type(promise) for _, suite in SUITES for promise in _all(suite)}
    classes |= {value for _, value in inspect.getmembers(promises, inspect.isclass)}
    names = [each.__name__ for each in classes]
    assert len(names) == len(set(names))
    assert len(names) > 50


def test_figures_are_numbers_so_that_no_row_can_be_read_from_them(built: Warehouse) -> None:
    numbers = {20, 23, 701, 1700}  # bigint, integer, double precision, numeric
    suites = [suite for stage in STAGES for suite in catalogue.suites(stage, FULL)[0]]
    assert len(suites) == 17
    with built.connect(Role.CHECKER) as connection:
        for suite in suites:
            cursor = connection.execute(suite.figures.encode())
            assert {column.type_code for column in cursor.description or ()} <= numbers, suite.name
            assert len(cursor.fetchall()) == 1, suite.name


def test_where_nobody_orders_the_marts_of_orders_are_left_out_and_contracts_make_a_customer() -> None:
    of_contracts = replace(FULL, mapped={"accounts": frozenset()})
    suites, skipped = catalogue.suites("marts", of_contracts)
    assert {suite.name for suite in suites} == {"marts_dim_accounts", "marts_fct_churn_features"}
    assert {each.name for each in skipped} == {
        "marts_fct_order_lines",
        "marts_fct_account_rfm",
        "marts_fct_account_abc",
        "marts_fct_account_lifecycle_months",
    }
    (customers,) = (suite.figures for suite in suites if suite.name == "marts_dim_accounts")
    assert "contract_mode = 'contractual'" in customers
    assert "contract_mode" not in catalogue.suites("marts", FULL)[0][0].figures
