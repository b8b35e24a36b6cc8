"""Brings a PostgreSQL database to the shape the house needs; running it again changes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.database import MANAGERS, OWNER, Role, Warehouse, WarehouseUnreachableError, connect
from warehouse.errors import Problem

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

# One at a time in a database. Roles are shared by all databases of a server, where no lock of ours reaches: two
# companies that are prepared at once may meet there, and the one that loses tries again.
_PAUSES = (0.1, 0.3, 0.9, 2.7)
_LOST_A_RACE = (
    psycopg.errors.InternalError_,  # tuple concurrently updated
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateObject,
    psycopg.errors.DeadlockDetected,
)
_LOCK = "select pg_advisory_xact_lock(hashtextextended('guanxi.migrate', 0))"


class MigrationError(Problem):
    """The administrator of the warehouse may not do what a migration needs."""


class ForeignWarehouseError(Problem):
    """The warehouse holds another company."""


def migrate(warehouse: Warehouse, *, company_id: str, extra_ddl: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Create roles, schemas, tables and functions; return the names of what was (re)applied.

    `extra_ddl` are (name, sql) pairs of idempotent statements that rooms bring, as the tables of schema raw.
    Raises ForeignWarehouseError when the database belongs to another company.
    """
    extra_ddl = list(extra_ddl)
    for pause in _PAUSES:
        with contextlib.suppress(*_LOST_A_RACE):
            return _migrate(warehouse, company_id=company_id, extra_ddl=extra_ddl)
        time.sleep(pause)
    return _migrate(warehouse, company_id=company_id, extra_ddl=extra_ddl)


def _migrate(warehouse: Warehouse, *, company_id: str, extra_ddl: Iterable[tuple[str, str]]) -> list[str]:
    with warehouse.connect_admin() as connection:
        try:
            connection.execute(_LOCK)
            _make_roles(connection, warehouse)
            applied = _apply(connection, extra_ddl)
            _claim_for_company(connection, company_id)
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(
                f"database {warehouse.database}",
                seen=f"its administrator may not: {error.diag.message_primary}",
                expected="a user with CREATEROLE that owns the database",
                next_step="let GUANXI_WAREHOUSE_URL name such a user (it is used for nothing else)",
            ) from None
    _set_passwords(warehouse)
    return applied


def create_database(server_url: str, name: str) -> None:
    """Create a database beside the server's own, unless it is there."""
    connection = connect(server_url)
    connection.autocommit = True
    with connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            # another process may be faster
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _make_roles(connection: psycopg.Connection, warehouse: Warehouse) -> None:
    existing = {name for (name,) in connection.execute("select rolname from pg_roles where rolname like 'guanxi\\_%'")}
    for name in {OWNER, MANAGERS} - existing:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
    connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(OWNER)))
    for role in Role:
        if role.value not in existing:
            statement = sql.SQL("create role {} login password {}")
            connection.execute(
                statement.format(sql.Identifier(role.value), sql.Literal(warehouse.password(role.value)))
            )
    for_people = {
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "5min",
        "default_transaction_read_only": "on",
    }
    settings = {
        Role.READER: for_people,
        Role.CONTACT_READER: for_people,
        Role.TRANSFORMER: {"statement_timeout": "60min"},
        Role.LOADER: {"statement_timeout": "60min"},
    }
    for role, values in settings.items():
        for name, value in values.items():
            statement = sql.SQL("alter role {} set {} = {}")
            connection.execute(statement.format(sql.Identifier(role.value), sql.Identifier(name), sql.Literal(value)))
    _share_what_builders_make(connection)
    database = sql.Identifier(warehouse.database)
    owner_and_builders = sql.SQL(", ").join(map(sql.Identifier, (OWNER, Role.LOADER.value, Role.TRANSFORMER.value)))
    everyone = sql.SQL(", ").join(map(sql.Identifier, (OWNER, *(role.value for role in Role))))
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    connection.execute(sql.SQL("revoke create on schema public from public"))
    connection.execute(sql.SQL("grant connect on database {} to {}").format(database, everyone))
    connection.execute(sql.SQL("grant temporary on database {} to {}").format(database, owner_and_builders))
    # Great Expectations reads a query once into a temporary table, or three times where it may make none
    checker = sql.Identifier(Role.CHECKER.value)
    connection.execute(sql.SQL("grant temporary on database {} to {}").format(database, checker))
    connection.execute(sql.SQL("grant create on database {} to {}").format(database, owner_and_builders))


def _share_what_builders_make(connection: psycopg.Connection) -> None:
    """Let the gates and the publication read what the transformer and the scorer will build.

    The owner, whom nobody is, may change it as well: a person is erased from what was built too.
    """
    for role in (Role.TRANSFORMER, Role.SCORER, Role.LOADER):
        connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role.value)))
        connection.execute(
            sql.SQL("alter default privileges for role {} grant select on tables to {}").format(
                sql.Identifier(role.value),
                sql.SQL(", ").join(map(sql.Identifier, (OWNER, Role.CHECKER.value, Role.SCORER.value))),
            )
        )
        connection.execute(
            sql.SQL("alter default privileges for role {} grant update on tables to {}").format(
                sql.Identifier(role.value), sql.Identifier(OWNER)
            )
        )


def _apply(connection: psycopg.Connection, extra_ddl: Iterable[tuple[str, str]]) -> list[str]:
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    connection.execute("create schema if not exists ops")
    connection.execute("create table if not exists ops.migrations (name text primary key, sha256 text not null)")
    known: dict[str, str] = dict(connection.execute("select name, sha256 from ops.migrations").fetchall())
    scripts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(MIGRATIONS.glob("*.sql"))]
    # files up to 019 make what rooms build on, the rest may use what rooms made
    first = [script for script in scripts if script[0] < "020"]
    rest = [script for script in scripts if script[0] >= "020"]
    applied = []
    for name, text in (*first, *extra_ddl, *rest):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if known.get(name) != digest:
            connection.execute(text)
            connection.execute(
                "insert into ops.migrations values (%s, %s) on conflict (name) do update set sha256 = excluded.sha256",
                (name, digest),
            )
            applied.append(name)
    return applied


def _claim_for_company(connection: psycopg.Connection, company_id: str) -> None:
    connection.execute("insert into ops.company (company_id) values (%s) on conflict do nothing", (company_id,))
    row = connection.execute("select company_id from ops.company").fetchone()
    if row is not None and row[0] != company_id:
        raise ForeignWarehouseError(
            "the warehouse",
            seen=f"it holds the company {row[0]}",
            expected=f"the company {company_id}, or an empty database",
            next_step="give each company a database of its own in GUANXI_WAREHOUSE_URL, or name the right company",
        )


def _set_passwords(warehouse: Warehouse) -> None:
    """Set the derived passwords when a role was made under another secret."""
    try:
        warehouse.connect(Role.PUBLISHER).close()
    except WarehouseUnreachableError:
        with warehouse.connect_admin() as connection:
            connection.execute(_LOCK)
            for role in Role:
                connection.execute(
                    sql.SQL("alter role {} password {}").format(
                        sql.Identifier(role.value), sql.Literal(warehouse.password(role.value))
                    )
                )
