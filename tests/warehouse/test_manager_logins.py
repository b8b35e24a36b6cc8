"""An account manager who logs in sees their own customers, by whatever way they ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from tests.conftest import new_warehouse
from warehouse.database import MANAGERS, Warehouse, connect
from warehouse.house import with_database
from warehouse.manager_logins import (
    ManagerLogin,
    UnknownManagerError,
    close_login,
    login_name,
    open_login,
    open_logins,
)
from warehouse.own_views import condition
from warehouse.published_tables import OPEN, declared_marts, ensure_published_tables

pytestmark = pytest.mark.xdist_group("manager_logins")

DAY = date(2026, 1, 31)
OF_MANAGER = {"A1": "M1", "A2": "M1", "B1": "M2", "N1": None}
SECRET = "canary-of-the-others"


@pytest.fixture(scope="module")
def filled(server_url: str, template_database: str) -> Iterator[Warehouse]:
    """A live night of four customers: two of M1, one of M2, one of nobody. Who changes it puts it back."""
    for warehouse in new_warehouse(server_url, template_database):
        _fill(warehouse)
        yield warehouse
        for manager in ("M1", "M2"):
            close_login(warehouse, _company(warehouse), manager)


def _fill(warehouse: Warehouse) -> None:
    with warehouse.connect_admin() as connection:
        connection.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, state) values"
            " (1, 'earlier', %s, 'UTC', 'published'), (2, 'live', %s, 'UTC', 'published')",
            (DAY, DAY),
        )
        connection.execute("insert into ops.published (gen, as_of) values (2, %s)", (DAY,))
        for account, manager in OF_MANAGER.items():
            name = account if manager == "M1" else SECRET
            connection.execute(
                "insert into pub.dim_accounts (gen, account_id, account_name, account_manager_id, as_of_date)"
                " values (2, %s, %s, %s, %s)",
                (account, name, manager, DAY),
            )
            connection.execute(
                "insert into pub.fct_account_value (gen, account_id, net_revenue_365d_amount, as_of_date)"
                " values (2, %s, 100, %s)",
                (account, DAY),
            )
        # A1 was looked after by M2 on an earlier night that is still kept
        connection.execute(
            "insert into pub.dim_accounts (gen, account_id, account_name, account_manager_id) values"
            " (1, 'A1', 'A1', 'M2')"
        )
        for manager in ("M1", "M2"):
            connection.execute(
                "insert into pub.dim_account_managers (gen, account_manager_id, account_manager_name)"
                " values (2, %s, %s)",
                (manager, f"Name of {manager}"),
            )
        connection.execute(
            "insert into pub.fct_account_manager_portfolios (gen, account_manager_id) values (2, 'M1'), (2, 'M2')"
        )
        # a copy of a database lets everybody make temporary tables again
        connection.execute(f"revoke temporary on database {warehouse.database} from public".encode())


def _company(warehouse: Warehouse) -> str:
    """Roles are shared by all databases of the server: a name of its own for each test."""
    return warehouse.database


def _opened(warehouse: Warehouse, manager: str) -> ManagerLogin:
    return open_login(warehouse, _company(warehouse), manager)


def _connect(warehouse: Warehouse, login: ManagerLogin) -> psycopg.Connection:
    return connect(
        f"postgresql://{login.login}:{login.password}@{warehouse.host}:{warehouse.port}/{warehouse.database}"
    )


def _column(connection: psycopg.Connection, query: str) -> list[object]:
    with connection.transaction():
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_each_manager_sees_their_own_customers_and_nobody_elses(filled: Warehouse) -> None:
    for manager, accounts in (("M1", ["A1", "A2"]), ("M2", ["B1"])):
        with _connect(filled, _opened(filled, manager)) as connection:
            assert _column(connection, "select account_id from dim_accounts order by 1") == accounts
            assert _column(connection, "select account_id from bi_own.fct_account_value order by 1") == accounts
            assert _column(connection, "select account_manager_id from fct_account_manager_portfolios") == [manager]
            assert _column(connection, "select account_manager_id from dim_account_managers") == [manager]
            joined = "select v.account_id from fct_account_value v join dim_accounts a using (account_id) order by 1"
            assert _column(connection, joined) == accounts
            assert _column(connection, "select as_of from data_version") == [DAY]


@pytest.mark.parametrize(
    "query",
    [
        "select * from pub.dim_accounts",
        "select * from bi.dim_accounts",
        "select * from bi.fct_kpi_months",
        "select * from bi_own.fct_kpi_months",
        "select * from bi_restricted.dim_contacts",
        "select * from ops.manager_logins",
        "select * from ops.outbox",
        "select * from raw.accounts",
        "set role guanxi_owner",
        "set role guanxi_reader",
        "set session authorization guanxi_reader",
        "create or replace view bi_own.dim_accounts as select 1",
        "create materialized view bi_own.mine as select 1",
        "create temporary table mine (a int)",
        "create function bi_own.leak(text) returns boolean language sql as 'select true'",
        "insert into ops.manager_logins values ('x', 'M2')",
        "update bi_own.dim_accounts set account_manager_id = 'M1'",
    ],
)
def test_every_way_round_is_closed(filled: Warehouse, query: str) -> None:
    refused = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedTable,
        psycopg.errors.ReadOnlySqlTransaction,
    )
    with _connect(filled, _opened(filled, "M1")) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.commit()
        with pytest.raises(refused):
            connection.execute(query.encode())


@pytest.mark.parametrize(
    "before",
    [
        "set row_security = off",
        "set session_replication_role = origin",
        "set guanxi.account_manager = 'M2'",
        "set search_path = bi_own, bi, pub",
        "set role guanxi_manager",
    ],
)
def test_no_setting_of_the_session_shows_more(filled: Warehouse, before: str) -> None:
    with _connect(filled, _opened(filled, "M1")) as connection:
        try:
            connection.execute(before.encode())
            connection.commit()
        except psycopg.errors.InsufficientPrivilege:
            connection.rollback()
        assert set(_column(connection, "select account_id from bi_own.dim_accounts")) == {"A1", "A2"}


def test_a_condition_that_tells_what_it_sees_is_shown_own_rows_only(filled: Warehouse) -> None:
    """A cast that fails names the value: it must be tried on the rows that are one's own, and on none before."""
    leaks = "select account_id from bi_own.dim_accounts where cast(account_name as integer) = 1"
    with _connect(filled, _opened(filled, "M1")) as connection:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as told:
            connection.execute(leaks.encode())
        connection.rollback()
        assert SECRET not in str(told.value)
        plan = "\n".join(map(str, _column(connection, "explain select * from bi_own.dim_accounts")))
    assert SECRET not in plan
    with filled.connect_admin() as administrator, pytest.raises(psycopg.errors.InvalidTextRepresentation) as shown:
        administrator.execute("select cast(account_name as integer) from bi.dim_accounts where account_id = 'B1'")
    assert SECRET in str(shown.value), "the same cast would tell, were the row looked at"


def test_a_customer_that_is_handed_over_is_seen_by_the_new_manager(filled: Warehouse) -> None:
    with _connect(filled, _opened(filled, "M2")) as connection:
        assert _column(connection, "select account_id from dim_accounts") == ["B1"]
        with filled.connect_admin() as administrator:
            administrator.execute(
                "update pub.dim_accounts set account_manager_id = 'M2' where account_id = 'A2' and gen = 2"
            )
        assert _column(connection, "select account_id from dim_accounts order by 1") == ["A2", "B1"]
        with filled.connect_admin() as administrator:
            administrator.execute(
                "update pub.dim_accounts set account_manager_id = 'M1' where account_id = 'A2' and gen = 2"
            )


def test_a_login_that_is_closed_is_refused_and_one_without_a_manager_sees_nothing(filled: Warehouse) -> None:
    login = _opened(filled, "M1")
    assert "M1" in {each.account_manager_id for each in open_logins(filled)}
    with _connect(filled, login) as connection:
        with filled.connect_admin() as administrator:
            administrator.execute("delete from ops.manager_logins where login = %s", (login.login,))
        assert _column(connection, "select account_id from dim_accounts") == []
    assert close_login(filled, _company(filled), "M1")
    assert not close_login(filled, _company(filled), "M1")
    with pytest.raises(Exception, match="lets"):
        _connect(filled, login)


def test_a_login_of_one_company_enters_no_other(filled: Warehouse, other_warehouse: Warehouse) -> None:
    login = _opened(filled, "M1")
    elsewhere = with_database(
        f"postgresql://{login.login}:{login.password}@{filled.host}:{filled.port}/x", other_warehouse.database
    )
    with connect(elsewhere) as connection:  # only here: the tests' databases let every login in
        assert _column(connection, "select account_id from bi_own.dim_accounts") == []


def test_a_manager_nobody_knows_gets_no_login(filled: Warehouse) -> None:
    with pytest.raises(UnknownManagerError, match="nobody of that id among the 2"):
        _opened(filled, "M9")
    assert "M9" not in {each.account_manager_id for each in open_logins(filled)}


def test_names_of_logins_never_meet() -> None:
    names = {
        login_name(company, manager)
        for company, manager in [
            ("shop", "M1"), ("shop", "m-1"), ("shop", "m_1"), ("shop", "张伟"), ("shop", "李娜"), ("shop_m", "1"),
            ("shop", "m1"), ("shop", "x" * 80), ("shop", "x" * 81),
        ]
    }  # fmt: skip
    assert len(names) == 9
    assert all(len(name) <= 63 for name in names)
    assert login_name("shop", "M0001") == "guanxi_shop__M0001"


def test_every_open_mart_is_filtered_shown_whole_or_left_out_on_purpose(filled: Warehouse) -> None:
    """A mart of the company's totals is no manager's; one that names customers or managers is cut to their own."""
    marts = {mart.name: [name for name, _ in mart.columns] for mart in declared_marts() if mart.view_schema == OPEN}
    rules = {name: condition(name, columns) for name, columns in marts.items()}
    left_out = {name for name, rule in rules.items() if rule is None}
    whole = {name for name, rule in rules.items() if rule == "true"}
    assert left_out == {
        "dim_lifecycle_stages", "fct_bid_competitors", "fct_churn_drift", "fct_churn_outcomes", "fct_cohort_months",
        "fct_group_abc",
        "fct_health_backtests", "fct_input_usability", "fct_kpi_months", "fct_list_checks", "fct_need_quarters",
        "fct_next_product_success", "fct_programme_effects", "fct_satisfaction_months", "fct_segment_months",
        "fct_segment_overlaps", "fct_segment_profiles", "fct_stage_transitions",
    }  # fmt: skip
    assert whole == {
        "dim_churn_features", "dim_dates", "dim_mart_inputs", "dim_metric_definitions",
        "dim_products", "dim_segments", "dim_sources",
    }  # fmt: skip
    with filled.connect_admin() as connection:
        there = {
            name
            for (name,) in connection.execute("select viewname from pg_views where schemaname = 'bi_own'").fetchall()
        }
        grants = connection.execute(
            "select distinct grantee, privilege_type from information_schema.table_privileges"
            " where table_schema = 'bi_own' and grantee <> 'guanxi_owner'"
        ).fetchall()
    assert there == marts.keys() - left_out | {"data_version"}
    assert grants == [(MANAGERS, "SELECT")]


def test_the_views_stay_as_they_are_until_their_mart_changes(filled: Warehouse) -> None:
    def views() -> dict[str, int]:
        with filled.connect_admin() as connection:
            rows = connection.execute(
                "select relname, oid from pg_class where relnamespace = 'bi_own'::regnamespace"
            ).fetchall()
        return {name: int(number) for name, number in rows}

    before = views()
    with filled.connect_admin() as connection:
        ensure_published_tables(connection, declared_marts())
    assert views() == before
    with filled.connect_admin() as connection:
        connection.execute("update ops.own_views set definition = 'older' where view_name = 'fct_account_value'")
        ensure_published_tables(connection, declared_marts())
    after = views()
    assert {name for name in before if before[name] != after[name]} == {"fct_account_value"}
