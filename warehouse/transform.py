"""Runs dbt for one night, in a schema of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.carrying import carried_variables, find_carried, mark_build, tell_carried
from warehouse.company import Company
from warehouse.database import OWNER, Role, Warehouse
from warehouse.dbt_run import dbt_environment, project_hash, run_dbt
from warehouse.errors import GateClosedError, Problem
from warehouse.night import Claim

# what PostgreSQL says of a primary key over rows that share it, and of nulls where a contract has none
_REFUSALS = ("could not create unique index", "contains null values", "violates not-null constraint")


class TransformError(Problem):
    """A model could not be built."""


class MartsTestError(GateClosedError):
    """A test of what was computed failed."""


@dataclass(frozen=True, slots=True)
class TransformReport:
    """What dbt did: nodes by outcome, the schema that holds the result, and what of the past was taken over."""

    schema: str
    built_count: int
    tests_passed_count: int
    warnings: tuple[str, ...]
    carried: str = ""


def transform(
    warehouse: Warehouse,
    claim: Claim,
    company: Company,
    *,
    threads: int,
    progress: Callable[[str], None],
    measures_all: bool = False,
) -> TransformReport:
    """Build and test all models for the night's day; return what was done.

    What the live night measured of the past is taken over where it may be, unless `measures_all`. Raises
    TransformError when a model fails and MartsTestError when a test or the grain of a model does. Readers notice
    neither.
    """
    schema = f"build_{claim.night.gen}_{claim.number}"
    variables = build_variables(company, claim.night.as_of, claim.night.timezone)
    made_by = project_hash(variables)
    with warehouse.connect(Role.TRANSFORMER) as connection:
        claim.assert_held(connection)
        _make_schema(connection, schema)
        mark_build(connection, schema, made_by)
        carried = None if measures_all else find_carried(connection, claim.night, made_by)
        connection.execute("select ops.begin_build(%s, %s, %s)", (claim.night.gen, claim.token, schema))
    _drop_dead_builds(warehouse, keep=schema)
    target = claim.night.folder / f"dbt-{claim.number}"
    status = run_dbt(
        ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure"],
        environment=dbt_environment(warehouse, schema, threads=threads),
        variables=variables | carried_variables(carried),
        target=target,
        progress=progress,
    )
    report = _report(schema, target, status)
    with warehouse.connect(Role.TRANSFORMER) as connection:
        return replace(report, carried=tell_carried(connection, schema, carried))


def build_variables(company: Company, as_of: date, timezone: str) -> dict[str, Any]:
    """Return what dbt is given for a company's day; of a choice that the company leaves open nothing is given."""
    chosen = {} if company.scored_churn is None else {"scored_churn": company.scored_churn}
    return chosen | {
        "as_of_date": as_of.isoformat(),
        "timezone": timezone,
        "currency": company.currency,
        "own_account_ids": list(company.own_account_ids),
    }


def _report(schema: str, target: Path, status: int) -> TransformReport:
    file = target / "run_results.json"
    log = target / "dbt.log"
    if not file.exists():
        raise TransformError(
            "dbt",
            seen=f"it ended with status {status} and left no results",
            expected="run_results.json",
            next_step=f"read {log}",
        )
    results: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["results"]
    by_status: dict[str, list[str]] = {}
    for result in results:
        status_of_node = "fail" if _breaks_a_promise(result) else result["status"]
        by_status.setdefault(status_of_node, []).append(_short_name(result["unique_id"]))
    if broken := by_status.get("error", []):
        raise TransformError(
            f"dbt: {len(broken)} of {len(results)} nodes could not be built",
            seen=", ".join(broken[:8]),
            expected="every model, seed and test to run",
            next_step=f"read {log}; readers keep the last good night",
        )
    if failed := by_status.get("fail", []):
        raise MartsTestError(
            f"transform: {len(failed)} of {len(results)} nodes do not hold",
            seen=", ".join(failed[:8]),
            expected="every test, and the grain of every model, to hold",
            next_step=f"read {log}: it names the file of each query that found rows; readers keep the last good night",
        )
    if status != 0 or not by_status.get("success"):
        raise TransformError(
            "dbt",
            seen=f"it ended with status {status}, {len(results)} nodes ran",
            expected="status 0 and at least one model built",
            next_step=f"read {log}",
        )
    return TransformReport(
        schema=schema,
        built_count=len(by_status["success"]),
        tests_passed_count=len(by_status.get("pass", [])),
        warnings=tuple(by_status.get("warn", [])),
    )


def _breaks_a_promise(result: dict[str, Any]) -> bool:
    """Say whether PostgreSQL refused the rows of a model for its grain or a null, not the model for its SQL."""
    return result["status"] == "error" and any(words in (result.get("message") or "") for words in _REFUSALS)


def _short_name(unique_id: str) -> str:
    return unique_id.split(".")[2]


def _make_schema(connection: psycopg.Connection, schema: str) -> None:
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("drop schema if exists {} cascade").format(name))
    connection.execute(sql.SQL("create schema {}").format(name))
    readers = sql.SQL(", ").join(map(sql.Identifier, (OWNER, Role.CHECKER.value, Role.SCORER.value)))
    connection.execute(sql.SQL("grant usage on schema {} to {}").format(name, readers))
    connection.execute(sql.SQL("grant create on schema {} to {}").format(name, sql.Identifier(Role.SCORER.value)))


def _drop_dead_builds(warehouse: Warehouse, *, keep: str) -> None:
    """Drop the schemas of attempts that nobody will publish; the live generation's stays, for training."""
    with warehouse.connect(Role.TRANSFORMER) as connection:
        rows = connection.execute(
            "select nspname from pg_namespace where nspname ~ '^build_[0-9]+_[0-9]+$' and nspname <> %s"
            " and nspname not in (select r.build_schema from ops.published p join ops.runs r using (gen)"
            " where r.build_schema is not null)",
            (keep,),
        ).fetchall()
        for (name,) in rows:
            connection.execute("set local lock_timeout = '5s'")
            try:
                with connection.transaction():
                    connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
            except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege):
                continue  # an orphan still writes there; the next night drops it
