"""Lands feeds with dlt: every row, as text, in a schema of this attempt alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql

from sources.feed import Feed, joined
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.night import Claim

_DLT_ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # below it dlt logs the rows of a job that failed
    # else dlt imports Airflow where that is installed, for seconds, and asks its database for settings
    "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
    "LOAD__WORKERS": "2",
    # one feed after the other: those of a database share one connection, whose snapshot makes them fit together
    "EXTRACT__NEXT_ITEM_MODE": "fifo",
}


class LandingError(Problem):
    """The rows of a source could not be written into its landing schema."""


def landing_schema(claim: Claim, source: str) -> str:
    """Return the name of the schema that an extract attempt lands in."""
    return f"landing_{claim.night.gen}_{source}_{claim.number}"


def land(feeds: Sequence[Feed], *, claim: Claim, source: str, warehouse: Warehouse) -> str:
    """Land every feed as table d<n> with columns file_number, row_number, c1, c2, …; return the schema.

    The schema is not fenced, as dlt keeps its own transactions; its name holds the number of the claim, so
    nobody merges what an orphaned attempt lands. A problem met while reading is raised as it was; LandingError
    when dlt fails.
    """
    schema = landing_schema(claim, source)
    if feeds:
        _run_dlt(feeds, schema=schema, claim=claim, source=source, warehouse=warehouse)
    return schema


def ensure_tables(connection: psycopg.Connection, schema: str, tables: dict[str, int]) -> None:
    """Make the landing tables (name: number of columns) that dlt did not make, as it had no row for them."""
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table, width in tables.items():
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(f"c{n}")) for n in range(1, width + 1))
        connection.execute(
            sql.SQL("create table if not exists {} (file_number bigint, row_number bigint, {})").format(
                sql.Identifier(schema, table), columns
            )
        )


def drop_landings(warehouse: Warehouse, *, claim: Claim, source: str) -> None:
    """Drop the landing schemas of a source: this attempt's, now merged, and those of dead attempts."""
    with closing(warehouse.connect(Role.LOADER)) as connection, connection:
        claim.assert_held(connection)
        found = connection.execute(
            "select nspname from pg_namespace where nspname ~ %s", (f"^landing_[0-9]+_{source}_[0-9]+$",)
        ).fetchall()
        for (schema,) in found:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def _run_dlt(feeds: Sequence[Feed], *, schema: str, claim: Claim, source: str, warehouse: Warehouse) -> None:
    os.environ.update(_DLT_ENVIRONMENT)  # dlt reads them while it is imported
    import dlt  # two seconds that only an extract with new rows needs

    folder = claim.night.folder / f"landing-{source}-{claim.number}"
    pipeline = dlt.pipeline(
        pipeline_name=schema,
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(
            credentials=warehouse.url(Role.LOADER, application_name="guanxi-extract")
        ),
        dataset_name=schema,
    )
    pipeline.config.restore_from_destination = False
    try:
        pipeline.run(
            [dlt.resource(joined(feed.batches), name=feed.table) for feed in feeds],
            loader_file_format="parquet",
        )
    except Exception as error:  # noqa: BLE001 - dlt wraps what happens in many ways
        problem = next((each for each in _chain(error) if isinstance(each, Problem)), None)
        if problem is not None:
            raise problem from None
        full = any("No space left" in str(each) for each in _chain(error))
        raise LandingError(
            f"source {source}, landing schema {schema}",
            seen="no space left"
            if full
            else f"dlt failed ({' < '.join(type(each).__name__ for each in _chain(error))})",
            expected="every row landed",
            next_step="free space, then run the night again" if full else "run the night again; see the server's log",
        ) from None  # the libraries' texts quote rows
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chain(error: BaseException) -> Iterator[Any]:
    """Yield an error and what caused it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
