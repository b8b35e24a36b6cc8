"""Makes a warehouse ready for its company: roles, schemas, tables, published marts."""

from __future__ import annotations

from warehouse.company import Company
from warehouse.database import Warehouse
from warehouse.migrate import migrate
from warehouse.publication import declared_marts, ensure_published_tables


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
                "insert into ops.sources values (%s, %s, %s)"
                " on conflict (source) do update set kind = excluded.kind, rank = excluded.rank",
                (source.name, source.kind, rank),
            )


def _raw_ddl() -> list[tuple[str, str]]:
    from sources.contract import load_contracts, raw_table_ddl

    return [(f"raw.{contract.entity}", raw_table_ddl(contract)) for contract in load_contracts()]
