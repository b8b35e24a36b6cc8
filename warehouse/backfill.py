"""A past day, built anew from raw, beside what was published for it then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from warehouse.database import Role, Warehouse
from warehouse.night import FencedError, Night


@dataclass(frozen=True, slots=True)
class Published:
    """The newest generation that was ever live for a day; its rows may no longer be kept, its checksums are."""

    gen: int
    marts_count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A mart that is not what was published: rows now and then (None where there is no such mart), and how many only
    one of the two has (None where the published rows are no longer kept)."""

    mart: str
    rows: int | None
    rows_before: int | None
    only_now: int | None
    only_before: int | None

    def line(self) -> str:
        """Return the difference for a person."""
        if self.rows is None or self.rows_before is None:
            return f"{self.mart}: {'no longer built' if self.rows is None else 'not published then'}"
        told = f"{self.mart}: {self.rows:,} rows, {self.rows_before:,} then"
        if self.only_now is None or self.only_before is None:
            return f"{told}; the rows of then are no longer kept"
        return f"{told}; {self.only_now:,} only now, {self.only_before:,} only then"


def published_for(connection: psycopg.Connection, day: date) -> Published | None:
    """Return what was published for a day; for the publisher."""
    row = connection.execute(
        "select r.gen, (select count(*) from ops.audit a where a.gen = r.gen) from ops.runs r"
        " where r.as_of = %s and not r.is_backfill and (r.published_at is not null or r.note = 'no longer kept')"
        " order by r.gen desc limit 1",
        (day,),
    ).fetchone()
    return None if row is None else Published(*row)


def differences(connection: psycopg.Connection, night: Night, than: Published) -> list[Difference]:
    """Return the marts of an audited backfill that are not what was published, by name; for the publisher."""
    rows = connection.execute(
        "select mart, row_count, row_count_before, only_now, only_before from ops.compare_build(%s, %s)",
        (night.gen, than.gen),
    ).fetchall()
    return [Difference(*row) for row in rows]


def end_backfill(warehouse: Warehouse, night: Night, *, schema: str, keep: bool, note: str) -> None:
    """Note how the day came out, keep its rows for a rollback when asked, and drop its build. Raises FencedError."""
    try:
        with warehouse.connect(Role.PUBLISHER) as connection:
            connection.execute("select ops.end_backfill(%s, %s, %s, %s)", (night.gen, night.fence, keep, note))
    except psycopg.errors.SerializationFailure as error:
        raise FencedError(
            f"the backfill of {night.as_of}",
            seen="a later attempt or a night has taken over",
            expected="this to be the newest attempt",
            next_step="run the backfill again when nothing else is at work",
        ) from error
    with warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
