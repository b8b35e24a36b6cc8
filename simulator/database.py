"""The database of the ERP and the CRM: its schemas, how far it has been written, and how a night's rows get in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from simulator.crm.tables import CRM_TABLES
from simulator.draws import Bools
from simulator.erp_rows import moments
from simulator.erp_tables import ERP_TABLES
from simulator.errors import DayAlreadyPastError, OtherCompanyError
from simulator.seasons import NEVER
from simulator.tables import Rows, Table

TABLES = (*ERP_TABLES, *CRM_TABLES)
_SCHEMAS = ("erp", "crm")


@dataclass(frozen=True, slots=True)
class World:
    """Which company a database holds, and the last day written into it."""

    seed: int
    accounts: int
    first_day: date
    written_until: date


@dataclass(frozen=True, slots=True)
class Written:
    """Rows of one table: added by this call, and changed or removed by it."""

    added: int
    changed: int


def lock_world(connection: psycopg.Connection) -> World | None:
    """The company of the database, or None in a fresh one; a second writer waits until this transaction ends."""
    connection.execute("create schema if not exists simulator")
    connection.execute(
        "create table if not exists simulator.world "
        "(seed bigint not null, accounts bigint not null, first_day date not null, written_until date not null)"
    )
    connection.execute("lock table simulator.world in exclusive mode")
    row = connection.execute("select seed, accounts, first_day, written_until from simulator.world").fetchone()
    return None if row is None else World(*row)


def refuse_another(world: World, *, seed: int, accounts: int, first_day: date | None, as_of: date) -> None:
    """Raise OtherCompanyError or DayAlreadyPastError unless `world` can be continued to `as_of`."""
    same_day = first_day is None or first_day == world.first_day
    if (world.seed, world.accounts) != (seed, accounts) or not same_day:
        wanted_day = "any" if first_day is None else first_day.isoformat()
        raise OtherCompanyError(
            "the simulated database",
            seen=f"seed {world.seed}, {world.accounts} accounts, first day {world.first_day.isoformat()}",
            expected=f"seed {seed}, {accounts} accounts, first day {wanted_day}",
            next_step="Use the settings the database was made with, or simulate into an empty database.",
        )
    if as_of < world.written_until:
        raise DayAlreadyPastError(
            "the simulated database",
            seen=f"written until {world.written_until.isoformat()}, asked for {as_of.isoformat()}",
            expected="the same day again, or a later one",
            next_step="A night in the past needs no new data: run it on what is there, or use an empty database.",
        )


def create_tables(connection: psycopg.Connection) -> None:
    """Create the empty tables, without keys: those come after the history, when they cost least."""
    for schema in _SCHEMAS:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table in TABLES:
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in table.columns]
        connection.execute(sql.SQL("create table {} ({})").format(_identifier(table), sql.SQL(", ").join(columns)))
        connection.execute(sql.SQL("comment on table {} is {}").format(_identifier(table), table.description))


def add_columns(connection: psycopg.Connection) -> None:
    """Add the columns that the tables have gained since the company was first written.

    Raises OtherCompanyError when a whole table is missing: its history cannot be written afterwards.
    """
    for table in TABLES:
        found = connection.execute("select to_regclass(%s)", (f"{table.schema}.{table.name}",)).fetchone()
        if found is None or found[0] is None:
            raise OtherCompanyError(
                "the simulated database",
                seen=f"no table {table.schema}.{table.name}: an earlier simulator wrote it",
                expected="every table of the company from its first day on",
                next_step="simulate into an empty database; make clean removes the one in the state folder",
            )
        for name, kind in table.columns:
            connection.execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    _identifier(table), sql.Identifier(name), sql.SQL(kind)
                )
            )


def create_indexes(connection: psycopg.Connection) -> None:
    """Add the keys and the write_date indexes incremental readers look for."""
    for table in TABLES:
        if table.key is not None:
            connection.execute(
                sql.SQL("alter table {} add primary key ({})").format(_identifier(table), sql.Identifier(table.key))
            )
        connection.execute(
            sql.SQL("create index {} on {} (write_date)").format(
                sql.Identifier(f"{table.name}_write_date"), _identifier(table)
            )
        )


def let_read(connection: psycopg.Connection, role: str) -> None:
    """Let a role read the ERP and the CRM, and nothing else of the simulator."""
    name = sql.Identifier(role)
    for schema in map(sql.Identifier, _SCHEMAS):
        connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, name))
        connection.execute(sql.SQL("grant select on all tables in schema {} to {}").format(schema, name))


def analyze_tables(connection: psycopg.Connection) -> None:
    """Refresh the planner's statistics."""
    for table in TABLES:
        connection.execute(sql.SQL("analyze {}").format(_identifier(table)))


def note_world(connection: psycopg.Connection, world: World) -> None:
    """Remember how far the company is written."""
    connection.execute("delete from simulator.world")
    connection.execute(
        "insert into simulator.world (seed, accounts, first_day, written_until) values (%s, %s, %s, %s)",
        (world.seed, world.accounts, world.first_day, world.written_until),
    )


def write_rows(connection: psycopg.Connection, rows: Rows, *, after: int, until: int) -> Written:
    """Add the rows entered in the days (after, until], bring older rows changed in those days up to date.

    And take out the older rows removed in those days; what was entered and removed between two calls was never there.
    """
    removed = np.full(rows.entered.size, NEVER, dtype=np.int64) if rows.removed is None else rows.removed
    is_new = (rows.entered > after) & (rows.entered <= until) & (removed > until)
    is_gone = (rows.entered <= after) & (removed > after) & (removed <= until)
    is_changed = (rows.entered <= after) & (rows.changed > after) & (rows.changed <= until) & (removed > until)
    if rows.table.key is not None and is_changed.any():
        _update(connection, rows, is_changed, key=rows.table.key)
    if is_new.any():
        _copy(connection, _identifier(rows.table), rows, is_new)
    if rows.table.key is not None and is_gone.any():
        _delete(connection, rows, is_gone, key=rows.table.key)
    return Written(added=int(is_new.sum()), changed=int(is_changed.sum() + is_gone.sum()))


def _identifier(table: Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name)


def _copy(connection: psycopg.Connection, target: sql.Identifier, rows: Rows, chosen: Bools) -> None:
    keep = np.flatnonzero(chosen)
    values = {name: array.take(pa.array(keep)) for name, array in rows.values.items()}
    minute = rows.minute[keep]
    values["create_date"] = moments(rows.entered[keep], minute)
    values["write_date"] = moments(rows.changed[keep], minute)
    names = list(rows.table.column_names)
    buffer = io.BytesIO()
    csv.write_csv(pa.table([values[name] for name in names], names=names), buffer)
    command = sql.SQL("copy {} ({}) from stdin with (format csv, header true)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(buffer.getbuffer())


def _update(connection: psycopg.Connection, rows: Rows, chosen: Bools, *, key: str) -> None:
    target, staged = _identifier(rows.table), sql.Identifier(f"changed_{rows.table.name}")
    connection.execute(sql.SQL("create temporary table {} (like {}) on commit drop").format(staged, target))
    _copy(connection, staged, rows, chosen)
    connection.execute(
        sql.SQL("update {} as kept set {} from {} as changed where kept.{} = changed.{}").format(
            target,
            sql.SQL(", ").join(
                sql.SQL("{} = changed.{}").format(sql.Identifier(name), sql.Identifier(name))
                for name in rows.table.column_names
                if name not in {key, "create_date"}
            ),
            staged,
            sql.Identifier(key),
            sql.Identifier(key),
        )
    )
    connection.execute(sql.SQL("drop table {}").format(staged))


def _delete(connection: psycopg.Connection, rows: Rows, chosen: Bools, *, key: str) -> None:
    keys = rows.values[key].take(pa.array(np.flatnonzero(chosen))).to_pylist()
    statement = sql.SQL("delete from {} where {} = any(%s)").format(_identifier(rows.table), sql.Identifier(key))
    connection.execute(statement, (keys,))
