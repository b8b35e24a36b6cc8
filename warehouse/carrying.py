"""The past as the live night measured it: whether tonight may take it over, and how much of it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from warehouse.night import Night


@dataclass(frozen=True, slots=True)
class Carried:
    """The live build that a night takes over from: its schema, its generation, its business day."""

    schema: str
    gen: int
    as_of: date


def carried_variables(carried: Carried | None) -> dict[str, Any]:
    """Return what dbt is told of the build that is taken over from; nulls when there is none."""
    return {
        "carried_schema": carried and carried.schema,
        "carried_gen": carried and carried.gen,
        "carried_as_of_date": carried and carried.as_of.isoformat(),
    }


def mark_build(connection: psycopg.Connection, schema: str, made_by: str) -> None:
    """Note on a build's schema what builds it: the hash of the project and of what else decides its rows."""
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("comment on schema {} is {}").format(name, sql.Literal(made_by)))


def find_carried(connection: psycopg.Connection, night: Night, made_by: str) -> Carried | None:
    """Return the live build when tonight may take over what it read and measured; else None.

    It may when the live day is earlier than tonight's, the same project built it, and no further attempt of it has
    loaded anything since (docs/decisions/0028). Whether the past still reads as it did is found out by the models.
    """
    row = connection.execute(
        "select r.build_schema, r.gen, r.as_of from ops.published p join ops.runs r using (gen)"
        " join pg_namespace n on n.nspname = r.build_schema"
        " where r.as_of < %s and r.state = 'published' and obj_description(n.oid, 'pg_namespace') = %s",
        (night.as_of, made_by),
    ).fetchone()
    return None if row is None else Carried(*row)


def tell_carried(connection: psycopg.Connection, schema: str, carried: Carried | None) -> str:
    """Return a sentence on what a build took over from the live one, and who stood in the way if it was nothing."""
    if carried is None:
        return "all of the past was measured: no live build of the same project to take it over from"
    in_schema = sql.Identifier(schema)
    counted = connection.execute(
        sql.SQL(
            "select count(*) filter (where is_carried), count(*) from {0}.int_snapshot_dates_listed union all"
            " select count(*) filter (where is_carried), count(*) from {0}.int_category_months_listed union all"
            " select count(*) filter (where is_carried), count(*) from {0}.int_relationship_days_held"
        ).format(in_schema)
    ).fetchall()
    (days, all_days), (months, all_months), (held, all_held) = counted
    told = (
        f"took over {days} of {all_days} snapshots, {months} of {all_months} months of categories"
        f" and {held} of {all_held} days of relationships"
    )
    restated = connection.execute(
        sql.SQL(
            "select count(*), count(*) filter (where is_of_sales), min(account_id) filter (where is_of_sales)"
            " from {}.int_restatements_found"
        ).format(in_schema)
    ).fetchone()
    if restated is not None and restated[1]:
        told += f"; accounts with sales whose past reads otherwise now: {restated[1]}, {restated[2]} for one"
    tables = connection.execute(
        sql.SQL(
            "select table_name, restated_from_date from {}.int_relationship_restatements_found order by table_name"
        ).format(in_schema)
    ).fetchall()
    if tables:
        told += f"; relationships are measured anew from {min(day for _, day in tables)} on, since the past reads"
        told += " otherwise in " + ", ".join(name for name, _ in tables)
    return told
