"""Migrations: again, side by side, under another secret, for another company, without the rights."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.warehouse.nights import MARTS
from warehouse.database import Role, Warehouse
from warehouse.embedded import EmbeddedServer
from warehouse.house import with_database
from warehouse.migrate import ForeignWarehouseError, MigrationError, create_database, migrate
from warehouse.published_tables import ensure_published_tables

pytestmark = pytest.mark.xdist_group("own server")

COMPANIES = ("one", "two", "three", "four")


@pytest.fixture(scope="module")
def own_url(own_server: EmbeddedServer) -> Iterator[str]:
    """The administrator's URL of a server whose roles no other test uses."""
    with own_server.leased() as url:
        yield url


def _warehouse(url: str, name: str, *, secret: str = "a secret") -> Warehouse:
    create_database(url, name)
    return Warehouse(with_database(url, name), secret)


def test_companies_of_one_server_can_be_prepared_at_once(own_url: str) -> None:
    warehouses = [_warehouse(own_url, f"company_{name}") for name in COMPANIES]
    errors: list[BaseException] = []

    def prepare(warehouse: Warehouse, company_id: str) -> None:
        try:
            for _ in range(3):
                migrate(warehouse, company_id=company_id)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            errors.append(error)

    threads = [
        threading.Thread(target=prepare, args=(warehouse, name))
        for warehouse, name in zip(warehouses, COMPANIES, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for warehouse in warehouses:
        with warehouse.connect(Role.READER) as reader:
            assert reader.execute("select count(*) from bi.data_version").fetchone() == (0,)


def test_a_second_migration_applies_nothing_and_a_changed_text_is_applied_again(own_url: str) -> None:
    warehouse = _warehouse(own_url, "again")
    extra = [("raw.things", "create table if not exists raw.things (a int)")]
    first = migrate(warehouse, company_id="again", extra_ddl=iter(extra))
    assert "010_ledger.sql" in first
    assert first.index("raw.things") < first.index("090_publication.sql")
    assert migrate(warehouse, company_id="again", extra_ddl=iter(extra)) == []
    changed = [("raw.things", "alter table raw.things add column if not exists b int")]
    assert migrate(warehouse, company_id="again", extra_ddl=iter(changed)) == ["raw.things"]


def test_every_migration_can_run_again_on_a_warehouse_in_use(own_url: str) -> None:
    warehouse = _warehouse(own_url, "in_use")
    migrate(warehouse, company_id="in_use")
    with warehouse.connect_admin() as connection:
        ensure_published_tables(connection, MARTS)
        connection.execute("insert into ops.runs (gen, run_id, as_of, timezone) values (1, 'n', '2026-03-31', 'UTC')")
        connection.execute("delete from ops.migrations")
    assert len(migrate(warehouse, company_id="in_use")) >= 5
    with warehouse.connect_admin() as connection:
        assert connection.execute("select run_id from ops.runs").fetchall() == [("n",)]


def test_a_migration_that_breaks_leaves_nothing_behind(own_url: str) -> None:
    warehouse = _warehouse(own_url, "broken")
    with pytest.raises(psycopg.errors.UndefinedTable):
        migrate(warehouse, company_id="broken", extra_ddl=[("raw.x", "select * from raw.nothing")])
    with warehouse.connect_admin() as connection:
        assert connection.execute("select to_regnamespace('ops')").fetchone() == (None,)


def test_a_warehouse_of_another_company_is_refused(own_url: str) -> None:
    warehouse = _warehouse(own_url, "foreign")
    migrate(warehouse, company_id="mine")
    with pytest.raises(ForeignWarehouseError, match="it holds the company mine"):
        migrate(warehouse, company_id="yours")
    migrate(warehouse, company_id="mine")


def test_another_secret_becomes_the_roles_new_passwords(own_url: str) -> None:
    migrate(_warehouse(own_url, "secrets"), company_id="secrets")
    renewed = _warehouse(own_url, "secrets", secret="another secret")
    migrate(renewed, company_id="secrets")
    for role in Role:
        renewed.connect(role).close()
    migrate(_warehouse(own_url, "secrets"), company_id="secrets")


def test_an_administrator_without_the_rights_is_told_which_it_needs(own_url: str) -> None:
    _warehouse(own_url, "weak")
    with psycopg.connect(own_url, autocommit=True) as connection:
        connection.execute("create role weak login password 'weak'")
        connection.execute("alter database weak owner to weak")
    parts = urlsplit(own_url)
    with pytest.raises(MigrationError) as refused:
        migrate(Warehouse(f"postgresql://weak:weak@127.0.0.1:{parts.port}/weak", "a secret"), company_id="weak")
    assert "CREATEROLE" in refused.value.expected
