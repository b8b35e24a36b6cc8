"""Makes a warehouse ready for its company: roles, schemas, tables, published marts."""

from __future__ import annotations

import psycopg
from psycopg import sql

from warehouse.company import Company
from warehouse.database import OWNER, Warehouse
from warehouse.errors import Problem
from warehouse.migrate import ForeignWarehouseError, migrate
from warehouse.published_tables import declared_marts, ensure_published_tables


class UnpreparedWarehouseError(Problem):
    """A database that no night has been opened in."""


def prepare(warehouse: Warehouse, company: Company) -> None:
    """Bring the database to the shape this version needs; running it again changes nothing.

    Raises ForeignWarehouseError, ContractChangedError, MigrationError.
    """
    migrate(warehouse, company_id=company.id, extra_ddl=_raw_ddl())
    with warehouse.connect_admin() as connection:
        ensure_published_tables(connection, declared_marts())
    with warehouse.connect_admin() as connection:
        connection.execute("set local role guanxi_owner")
        names = [source.name for source in company.sources]
        connection.execute("delete from ops.sources where source <> all(%s)", (names,))
        for rank, source in enumerate(company.sources, start=1):
            connection.execute(
                "insert into ops.sources (source, kind, rank, holds_mails) values (%s, %s, %s, %s) on conflict (source)"
                " do update set kind = excluded.kind, rank = excluded.rank, holds_mails = excluded.holds_mails",
                (source.name, source.kind, rank, source.holds_mails),
            )


def require_prepared(warehouse: Warehouse, company: Company) -> None:
    """Raise UnpreparedWarehouseError before the first night, ForeignWarehouseError where another company lives."""
    with warehouse.connect_admin() as connection:
        found = _company_of(connection)
    if found is None:
        raise UnpreparedWarehouseError(
            f"the warehouse of {company.id}, database {warehouse.database}",
            seen="no night has been opened in it yet",
            expected="a warehouse that a night has prepared",
            next_step="guanxi nightly, or stage by stage: guanxi open --run-id NAME --as-of DAY",
        )
    if found != company.id:
        raise ForeignWarehouseError(
            f"the warehouse, database {warehouse.database}",
            seen=f"it holds the company {found}",
            expected=f"the company {company.id}",
            next_step="name the right company (--company or GUANXI_COMPANY), or its own database in"
            " GUANXI_WAREHOUSE_URL",
        )


def prepare_older(warehouse: Warehouse, company: Company) -> None:
    """Prepare a warehouse that an earlier version has prepared, before what this version added is asked for.

    Raises UnpreparedWarehouseError before the first night, ForeignWarehouseError where another company lives.
    """
    require_prepared(warehouse, company)
    with warehouse.connect_admin() as connection:
        missing = connection.execute("select to_regclass('ops.alerts') is null").fetchone()
    if missing == (True,):
        prepare(warehouse, company)


def _company_of(connection: psycopg.Connection) -> str | None:
    table = "select 1 from pg_tables where schemaname = 'ops' and tablename = 'company'"
    if connection.execute(table).fetchone() is None:
        return None
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    row = connection.execute("select company_id from ops.company").fetchone()
    return None if row is None else str(row[0])


def _raw_ddl() -> list[tuple[str, str]]:
    from sources.mapping.contract import load_contracts, raw_table_ddl

    return [(f"raw.{contract.entity}", raw_table_ddl(contract)) for contract in load_contracts()]
