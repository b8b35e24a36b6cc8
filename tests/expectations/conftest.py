"""Sound nights for the gates to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.gate import GateReport, check
from expectations.outcome import Outcome
from expectations.suite import Stage
from tests.expectations import cast
from tests.expectations.cast import Look
from warehouse.company import Company
from warehouse.database import Role, Warehouse


@pytest.fixture
def raw(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse whose schema raw keeps every promise."""
    cast.open_night(warehouse, tmp_path, stage="raw")
    cast.run(warehouse, f"grant temporary on database {warehouse.database} to guanxi_checker")
    cast.fill_raw(warehouse)
    return warehouse


@pytest.fixture
def built(raw: Warehouse) -> Warehouse:
    """The same, with marts, scores and lists that keep every promise."""
    cast.fill_build(raw)
    return raw


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Validate a stage, or some of its suites, without storing anything; outcomes by the promise's name."""

    def validate(
        warehouse: Warehouse, stage: Stage, *, only: str | None = None, company: Company | None = None
    ) -> dict[str, Outcome]:
        from expectations import catalogue, engine, scope

        night, _ = cast.open_night(warehouse, tmp_path, stage=stage)
        with warehouse.connect(Role.CHECKER) as connection:
            known = scope.read_scope(connection, stage=stage, night=night, company=company or cast.company())
            may_make = scope.may_make_temporary_tables(connection)
        suites, _ = catalogue.suites(stage, known)
        wanted = [suite for suite in suites if only in (None, suite.name)]
        url = warehouse.url(Role.CHECKER, driver="postgresql+psycopg2")
        found = engine.validate(wanted, url=url, name="test", has_temporary_tables=may_make).outcomes
        return {(each.expectation if only else f"{each.suite}.{each.expectation}"): each for each in found}

    return validate


@pytest.fixture
def run_gate(tmp_path: Path) -> Callable[..., GateReport]:
    """Run the whole gate as the command does."""

    def whole(warehouse: Warehouse, stage: Stage, *, company: Company | None = None) -> GateReport:
        night, claim = cast.open_night(warehouse, tmp_path, stage=stage)
        return check(
            stage,
            night=night,
            claim=claim,
            warehouse=warehouse,
            company=company or cast.company(),
            docs_folder=tmp_path / "docs",
            progress=lambda _: None,
        )

    return whole
