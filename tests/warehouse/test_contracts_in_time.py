"""Contracts of marts that change while others already read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.warehouse.nights import DAY, MARTS, Hand
from warehouse.database import Role, Warehouse
from warehouse.published_tables import RESTRICTED, ContractChangedError, Mart, declared_marts, ensure_published_tables

ACCOUNTS = next(mart for mart in MARTS if mart.name == "dim_accounts")
OTHERS = tuple(mart for mart in MARTS if mart.name != "dim_accounts")


def _ensure(warehouse: Warehouse, *marts: Mart) -> None:
    with warehouse.connect_admin() as connection:
        ensure_published_tables(connection, marts)


def _visible(warehouse: Warehouse, view: str) -> list[str]:
    with warehouse.connect(Role.READER) as reader:
        cursor = reader.execute(f"select * from bi.{view} limit 0".encode())
        return [column.name for column in cursor.description or ()]


def test_a_restricted_column_is_published_for_the_mails_and_invisible_to_readers(core: Warehouse, hand: Hand) -> None:
    hand.whole("night", mark=1)
    assert _visible(core, "dim_account_managers") == ["account_manager_id", "mark", "as_of_date"]
    with core.connect(Role.MAILER) as mailer:
        assert mailer.execute("select count(email) from pub.dim_account_managers").fetchone() == (200,)
    with core.connect(Role.READER) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select email from pub.dim_account_managers")


def test_a_mart_that_becomes_restricted_leaves_the_open_schema(core: Warehouse, hand: Hand) -> None:
    hand.whole("night", mark=1)
    _ensure(core, replace(ACCOUNTS, view_schema=RESTRICTED), *OTHERS)
    with core.connect(Role.CONTACT_READER) as reader:
        assert reader.execute("select count(*) from bi_restricted.dim_accounts").fetchone() == (200,)
    with core.connect(Role.READER) as reader:
        with pytest.raises(psycopg.errors.UndefinedTable):
            reader.execute("select 1 from bi.dim_accounts")
        reader.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select 1 from bi_restricted.dim_accounts")
    _ensure(core, ACCOUNTS, *OTHERS)
    with core.connect(Role.READER) as reader:
        assert reader.execute("select count(*) from bi.dim_accounts").fetchone() == (200,)


def test_ensuring_the_same_contracts_again_changes_nothing(core: Warehouse) -> None:
    def shape() -> list[tuple[object, ...]]:
        with core.connect_admin() as connection:
            return connection.execute(
                "select c.oid, c.relname, c.relacl::text, a.attname, a.attnum from pg_class c"
                " join pg_attribute a on a.attrelid = c.oid where a.attnum > 0"
                " and c.relnamespace in ('pub'::regnamespace, 'bi'::regnamespace) order by 1, 5"
            ).fetchall()

    before = shape()
    _ensure(core, *MARTS)
    assert shape() == before


@pytest.mark.parametrize("place", [0, 1, 3], ids=["first", "in the middle", "last"])
def test_an_added_column_leaves_rows_grants_and_views_of_others_alone(core: Warehouse, hand: Hand, place: int) -> None:
    hand.whole("night", mark=1)
    with core.connect_admin() as admin:
        admin.execute("create schema reports")
        admin.execute("create view reports.accounts as select account_id, mark from bi.dim_accounts")
        admin.execute("grant usage on schema bi to guanxi_publisher")
        admin.execute("grant select on bi.dim_accounts to guanxi_publisher")
        admin.execute("comment on view bi.dim_accounts is 'ours'")
    columns = list(ACCOUNTS.columns)
    columns.insert(place, ("region", "text"))
    _ensure(core, replace(ACCOUNTS, columns=tuple(columns)), *OTHERS)
    assert _visible(core, "dim_accounts") == ["account_id", "mark", "as_of_date", "region"]
    with core.connect_admin() as admin:
        assert admin.execute("select count(*) from reports.accounts").fetchone() == (200,)
        assert admin.execute("select obj_description('bi.dim_accounts'::regclass)").fetchone() == ("ours",)
    with core.connect(Role.PUBLISHER) as publisher:
        assert publisher.execute("select count(*), count(region) from bi.dim_accounts").fetchone() == (200, 0)


def test_the_next_night_must_bring_the_added_column(core: Warehouse, hand: Hand) -> None:
    _ensure(core, replace(ACCOUNTS, columns=(*ACCOUNTS.columns, ("region", "text"))), *OTHERS)
    night = hand.open()
    hand.build(night, mark=1, also="alter table dim_accounts add column region text default 'north'")
    hand.audit(night)
    hand.publish(night)
    with core.connect(Role.READER) as reader:
        assert reader.execute("select distinct region from bi.dim_accounts").fetchall() == [("north",)]


@pytest.mark.parametrize("kind", ["text", "integer", "numeric"])
def test_a_changed_type_is_refused_and_changes_nothing(core: Warehouse, hand: Hand, kind: str) -> None:
    hand.whole("night", mark=1)
    changed = tuple((name, kind if name == "mark" else was) for name, was in ACCOUNTS.columns)
    with pytest.raises(ContractChangedError) as refused:
        _ensure(core, replace(ACCOUNTS, columns=(("region", "text"), *changed)), *OTHERS)
    assert refused.value.thing == "mart dim_accounts, column mark"
    assert f"published as bigint, now declared as {kind}" in refused.value.seen
    assert _visible(core, "dim_accounts") == ["account_id", "mark", "as_of_date"]
    assert hand.live()[1] == [1]


@pytest.mark.parametrize("alias", ["int8", "bigint"])
def test_another_name_of_the_same_type_is_no_change(core: Warehouse, alias: str) -> None:
    same = tuple((name, alias if name == "mark" else was) for name, was in ACCOUNTS.columns)
    _ensure(core, replace(ACCOUNTS, columns=same), *OTHERS)


def test_a_column_that_is_no_longer_declared_is_refused_before_the_night(core: Warehouse) -> None:
    with pytest.raises(ContractChangedError, match="no longer declared"):
        _ensure(core, replace(ACCOUNTS, columns=ACCOUNTS.columns[:1]), *OTHERS)


def test_a_column_that_becomes_restricted_vanishes_from_its_view(core: Warehouse, hand: Hand) -> None:
    hand.whole("night", mark=1)
    _ensure(core, replace(ACCOUNTS, restricted=frozenset({"mark"})), *OTHERS)
    assert _visible(core, "dim_accounts") == ["account_id", "as_of_date"]
    _ensure(core, *MARTS)
    assert sorted(_visible(core, "dim_accounts")) == ["account_id", "as_of_date", "mark"]


def test_a_view_of_others_on_a_column_to_hide_is_named_instead_of_dropped(core: Warehouse) -> None:
    with core.connect_admin() as admin:
        admin.execute("create schema reports")
        admin.execute("create view reports.accounts as select mark from bi.dim_accounts")
    with pytest.raises(ContractChangedError, match=r"view reports\.accounts depends on") as refused:
        _ensure(core, replace(ACCOUNTS, restricted=frozenset({"mark"})), *OTHERS)
    assert "mark must be hidden" in refused.value.seen
    assert "mark" in _visible(core, "dim_accounts")


def test_a_new_mart_is_empty_until_the_next_night_brings_it(core: Warehouse, hand: Hand) -> None:
    hand.whole("night", mark=1)
    _ensure(core, *MARTS, Mart("fct_new", (("account_id", "text"),), frozenset()))
    assert _visible(core, "fct_new") == ["account_id"]
    assert hand.live()[1] == [1]
    night = hand.open("next", as_of=DAY)
    hand.build(night, mark=2, also="create table fct_new as select account_id from dim_accounts")
    hand.audit(night)
    assert hand.publish(night)["fct_new"] == 200


def test_contracts_are_read_from_the_yml_files_of_the_rooms(tmp_path: Path) -> None:
    marts = tmp_path / "dbt_project" / "models" / "marts" / "core"
    tables = tmp_path / "ml" / "tables"
    for folder in (marts, tables):
        folder.mkdir(parents=True)
    (marts / "dim_people.yml").write_text(
        "models:\n- name: dim_people\n  columns:\n"
        "  - {name: email, data_type: text, config: {meta: {restricted: true}}}\n"
        "  - {name: phone, data_type: text, meta: {restricted: true}}\n  - {name: person_id, data_type: text}\n"
        "- name: int_private\n  config: {meta: {publish: false}}\n  columns: [{name: x, data_type: text}]\n"
        "- name: dim_visitors\n  config: {meta: {restricted: true}}\n  columns: [{name: x, data_type: text}]\n",
        encoding="utf-8",
    )
    (marts / "empty.yml").write_text("", encoding="utf-8")
    (tables / "fct_a.yml").write_text(
        "models: [{name: fct_a, columns: [{name: n, data_type: bigint}]}]", encoding="utf-8"
    )
    assert declared_marts(tmp_path) == (
        Mart(
            "dim_people",
            (("email", "text"), ("phone", "text"), ("person_id", "text")),
            frozenset({"email", "phone"}),
        ),
        Mart("dim_visitors", (("x", "text"),), frozenset(), "bi_restricted"),
        Mart("fct_a", (("n", "bigint"),), frozenset()),
    )
