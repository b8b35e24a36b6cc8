"""A source whose columns change: the same rule for files, databases and live systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from sources.api.http import Patience
from sources.loading.columns import SeenBefore
from sources.loading.quarantine import QuarantineLimitError
from sources.loading.report import ExtractReport
from sources.mapping.reader import read_mapping
from sources.tables import RenamedColumnError
from tests.servers.framework import serving
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import Store
from tests.servers.mariadb import MariadbServer
from tests.servers.odoo import OdooServer
from tests.servers.odoo_models import FieldSpec
from tests.servers.zoho_crm import ZohoServer
from tests.servers.zoho_store import ZohoStore
from tests.sources.fxiaoke.tenant import CREDENTIALS as FXIAOKE_CREDENTIALS
from tests.sources.workshop import Workshop
from tests.sources.zoho_crm.visits import CREDENTIALS as ZOHO_CREDENTIALS
from warehouse.errors import Problem

Columns = dict[str, tuple[str, list[Any]]]
"""By name, in the source's order: the type, as PostgreSQL calls it, and a value for each row."""
BEFORE: Columns = {
    "id": ("integer", [1, 2, 3, 4]),
    "title": ("text", ["a", "b", "c", "d"]),
    "expected_revenue": ("numeric", [1, 2, 3, 4]),
    "date_deadline": ("date", ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]),
}
FIELDS = {"opportunity_id": "id", "opportunity_name": "title", "amount": "expected_revenue",
          "expected_close_date": "date_deadline"}  # fmt: skip
_ODOO_TYPES = {"integer": "integer", "text": "char", "numeric": "float", "date": "date"}


class Source:
    """A source of one kind that shows the columns it is given, and extracts of it."""

    def __init__(self, workshop: Workshop, show: Callable[[Columns], None], erp_url: str | None = None) -> None:
        self.workshop, self.show, self._erp_url = workshop, show, erp_url

    def extract(self, day: str) -> ExtractReport:
        return self.workshop.extract(day, erp_url=self._erp_url)


_DATASETS: dict[str, dict[str, Any]] = {
    "files": {"files": "*.csv", "mode": "full"},
    "erp_database": {"table": "leads"},
    "mariadb": {"table": "leads"},
    "odoo": {"object": "crm.lead"},
    "zoho_crm": {"object": "Offers"},
    "fxiaoke": {"object": "offer__c"},
}
_KINDS = [
    pytest.param(kind, marks=pytest.mark.xdist_group("mariadb") if kind == "mariadb" else ()) for kind in _DATASETS
]


@pytest.fixture(params=_KINDS)
def source(request: pytest.FixtureRequest, workshop: Workshop) -> Iterator[Source]:
    kind: str = request.param
    workshop.source = {
        "kind": "erp_database" if kind == "mariadb" else kind,
        "datasets": {"leads": dict(_DATASETS[kind])},
        "entities": {"opportunities": {"from": "leads", "fields": dict(FIELDS)}},
    }
    if kind == "files":
        yield Source(workshop, lambda columns: _show_file(workshop, columns))
    elif kind == "erp_database":
        url: str = request.getfixturevalue("scratch_database")
        workshop.source["url"] = "${GUANXI_ERP_URL}"
        yield Source(workshop, lambda columns: _show_table(url, columns), url)
    elif kind == "mariadb":
        server: MariadbServer = request.getfixturevalue("mariadb")
        workshop.source["url"] = "${GUANXI_ERP_URL}"
        server.execute("create database drift character set utf8mb4")
        yield Source(workshop, lambda columns: _show_mariadb(server, columns), server.url("drift"))
        server.execute("drop database drift")
    else:
        yield from _SYSTEMS[kind](workshop)


def _odoo(workshop: Workshop) -> Iterator[Source]:
    server = OdooServer()
    with serving(server, server.script) as running:
        settings = {"base_url": running.url, "database": server.database}
        _settle(workshop, settings, {"api_key": server.key, "login": server.login})
        yield Source(workshop, lambda columns: _show_model(server, columns))


def _zoho(workshop: Workshop) -> Iterator[Source]:
    server = ZohoServer()
    with serving(server, server.script) as running:
        settings = {"data_centre": "cn", "base_address": running.url, "keep_credits": 0}
        _settle(workshop, settings, ZOHO_CREDENTIALS)
        yield Source(workshop, lambda columns: _show_module(server.store, columns))


def _fxiaoke(workshop: Workshop) -> Iterator[Source]:
    server = FxiaokeServer(Store())
    server.store.hire(ADMIN, "管理员", ADMIN_MOBILE)
    with serving_fxiaoke(server) as running:
        secret = {**FXIAOKE_CREDENTIALS, "open_user_id": ADMIN}
        _settle(workshop, {"token_style": "oauth2", "host": running.url}, secret)
        workshop.source["entities"]["opportunities"]["fields"]["opportunity_id"] = "_id"
        yield Source(workshop, lambda columns: _show_object(server.store, columns))


_SYSTEMS = {"odoo": _odoo, "zoho_crm": _zoho, "fxiaoke": _fxiaoke}


def _settle(workshop: Workshop, settings: dict[str, Any], credentials: dict[str, str]) -> None:
    workshop.source["settings"] = settings
    workshop.outside = {
        "environment": {"GUANXI_SOURCE_SHOP": json.dumps(credentials)},
        "allows_private": True,
        "patience": Patience(attempts=4),
        "sleep": lambda _: None,
    }


def _show_file(workshop: Workshop, columns: Columns) -> None:
    rows = zip(*(values for _, values in columns.values()), strict=True)
    workshop.csv("leads.csv", [",".join(columns), *(",".join(map(str, row)) for row in rows)])


def _show_table(url: str, columns: Columns) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("drop table if exists leads")
        described = (sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, (kind, _) in columns.items())
        connection.execute(sql.SQL("create table leads ({})").format(sql.SQL(", ").join(described)))
        places = sql.SQL(", ").join(sql.Placeholder() * len(columns))
        statement = sql.SQL("insert into leads values ({})").format(places)
        for row in zip(*(values for _, values in columns.values()), strict=True):
            connection.execute(statement, row)


def _show_model(server: OdooServer, columns: Columns) -> None:
    kept = {name: spec for name, spec in server.store.models["crm.lead"].items() if name in ("create_date", "active")}
    shown = {name: FieldSpec(_ODOO_TYPES[kind], name) for name, (kind, _) in columns.items()}
    server.store.models["crm.lead"] = shown | kept | {"write_date": FieldSpec("datetime", "Written")}
    server.store.rows.pop("crm.lead", None)
    server.store.seconds += 60
    for row in zip(*(values for _, values in columns.values()), strict=True):
        server.store.insert("crm.lead", **dict(zip(columns, row, strict=True)))


def _show_mariadb(server: MariadbServer, columns: Columns) -> None:
    kinds = {"text": "varchar(40)", "numeric": "decimal(12,2)"}
    described = ", ".join(f"`{name}` {kinds.get(kind, kind)}" for name, (kind, _) in columns.items())
    rows = ", ".join(
        "(" + ", ".join(f"'{value}'" for value in row) + ")"
        for row in zip(*(values for _, values in columns.values()), strict=True)
    )
    made = f"create table leads ({described})"
    server.execute("drop table if exists leads", made, f"insert into leads values {rows}", database="drift")


def _show_module(store: ZohoStore, columns: Columns) -> None:
    """Show the columns as fields of a module; its records keep the ids that Zoho gave them."""
    kinds = {"numeric": "currency"}
    shown = {name: column for name, column in columns.items() if name != "id"}
    fields = " ".join(f"{name}:{kinds.get(kind, kind)}" for name, (kind, _) in shown.items())
    known = store.modules.get("Offers")
    module = ZohoStore().add_module("Offers", fields)
    if known is not None:
        module.rows, module.ids = known.rows, known.ids
    store.modules["Offers"] = module
    for number in range(4):
        values = {name: each[number] for name, (_, each) in shown.items()}
        if number < len(module.ids):
            store.update("Offers", str(module.ids[number]), **values)
        else:
            store.insert("Offers", **values)


def _show_object(store: Store, columns: Columns) -> None:
    """Show the columns as fields of an object, whose records keep the keys that 纷享销客 gave them."""
    kinds = {"numeric": "currency", "integer": "number"}
    shown = {name: column for name, column in columns.items() if name != "id"}
    store.define("offer__c", "offer", {name: {"type": kinds.get(kind, kind)} for name, (kind, _) in shown.items()})
    store.go_on(60)
    keys = list(store.records["offer__c"])
    for number in range(4):
        values: dict[str, Any] = {name: _milliseconds(each[number]) if kind == "date" else each[number]
                  for name, (kind, each) in shown.items()}  # fmt: skip
        if keys:
            store.update("offer__c", keys[number], **values)
        else:
            store.insert("offer__c", name=f"offer {number}", **values)


def _milliseconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00+00:00").timestamp() * 1000)


def _renamed(old: str, new: str) -> Columns:
    return {new if name == old else name: column for name, column in BEFORE.items()}


STOPS: dict[str, tuple[Columns, type[Problem], str]] = {
    "renamed": (
        _renamed("expected_revenue", "expected_exp_revenue"),
        RenamedColumnError,
        "(now expected_exp_revenue?)",
    ),
    "in another case": (_renamed("title", "Title"), RenamedColumnError, "title (now Title?)"),
    "number to text": (
        BEFORE | {"expected_revenue": ("text", ["n/a"] * 4)},
        QuarantineLimitError,
        "bad_numeric_amount",
    ),
    "date in another format": (
        BEFORE | {"date_deadline": ("text", ["31.12.2026"] * 4)},
        QuarantineLimitError,
        "bad_date_expected_close_date",
    ),
}


@pytest.mark.parametrize("case", STOPS)
def test_a_mapped_column_that_is_no_longer_what_it_was_stops(source: Source, case: str) -> None:
    columns, kind, told = STOPS[case]
    source.show(columns)
    with pytest.raises(Problem) as caught:
        source.extract("2026-01-05")
    assert type(caught.value) is kind
    assert told in str(caught.value)
    assert source.workshop.query("select count(*) from raw.opportunities") == [(0,)]
    assert source.workshop.query("select count(*) from ops.source_columns") == [(0,)]


def test_a_column_that_is_gone_stops(source: Source) -> None:
    source.show({name: column for name, column in BEFORE.items() if name != "expected_revenue"})
    with pytest.raises(Problem, match="no column expected_revenue"):
        source.extract("2026-01-05")


def test_a_new_column_is_told_once_and_kept_where_it_has_a_value(source: Source) -> None:
    source.show(BEFORE)
    source.extract("2026-01-05")
    after = BEFORE | {"zip": ("text", ["x", "", "y", ""]), "rating": ("integer", [1, 2, 3, 4])}
    without = BEFORE | {"zip": after["zip"]}
    source.show(without)
    for _ in range(2):  # a repeat of the day says and does the same again
        report = source.extract("2026-01-06")
        assert report.warnings == ("shop, leads: new columns that nothing is mapped to: zip (kept)",)
        assert _counts(report) == (0, 2, 2)
    assert _extras(source) == [("a", {"zip": "x"}), ("b", None), ("c", {"zip": "y"}), ("d", None)]
    source.show(dict(reversed(without.items())))
    report = source.extract("2026-01-07")
    assert report.warnings == ()
    assert _counts(report) == (0, 0, 4)
    source.show(after)
    assert _counts(source.extract("2026-01-08")) == (0, 4, 0)
    assert _extras(source) == [("a", {"rating": "1", "zip": "x"}), ("b", {"rating": "2"}),
                               ("c", {"rating": "3", "zip": "y"}), ("d", {"rating": "4"})]  # fmt: skip
    news = source.workshop.query("select name, as_of::text from ops.source_columns where is_news order by name")
    assert news == [("rating", "2026-01-08"), ("zip", "2026-01-06")]
    # it goes as it came: nothing was promised of it
    source.show(without)
    assert _counts(source.extract("2026-01-09")) == (0, 4, 0)
    assert _extras(source) == [("a", {"zip": "x"}), ("b", None), ("c", {"zip": "y"}), ("d", None)]


@pytest.mark.parametrize("source", ["files", "odoo"], indirect=True)
def test_a_company_can_have_new_columns_told_only(source: Source) -> None:
    source.workshop.source["datasets"]["leads"]["new_columns"] = "tell"
    source.show(BEFORE)
    source.extract("2026-01-05")
    source.show(BEFORE | {"zip": ("text", ["x"] * 4)})
    report = source.extract("2026-01-06")
    assert report.warnings == ("shop, leads: new columns that nothing is mapped to: zip (not kept)",)
    assert _counts(report) == (0, 0, 4)
    source.workshop.source["datasets"]["leads"]["new_columns"] = "keep"  # what was told before is kept now
    assert _counts(source.extract("2026-01-07")) == (0, 4, 0)
    assert _extras(source) == [(title, {"zip": "x"}) for title in "abcd"]


def _counts(report: ExtractReport) -> tuple[int, int, int]:
    found = report.entities[0]
    return found.new, found.changed, found.unchanged


def _extras(source: Source) -> list[tuple[str, dict[str, str] | None]]:
    return source.workshop.query(
        "select opportunity_name, extra from (select distinct on (record_id) * from raw.opportunities"
        " order by record_id, known_at desc) as newest order by 1"
    )


def test_files_of_an_append_dataset_may_have_a_new_column_or_not(workshop: Workshop) -> None:
    workshop.source = {
        "datasets": {"lines": {"files": ["*.csv", "*.parquet"], "mode": "append", "happened_at": "day"}},
        "entities": {
            "order_lines": {
                "from": "lines",
                "fields": {"order_line_id": "no", "order_id": "no", "quantity": "qty", "net_amount": "qty",
                           "line_kind": {"value": "product"}},
                "extra": {"colour": {"value": "none"}},
            },
            "orders": {"from": "lines", "one_per_key": True, "optional": ["account_id"],
                       "fields": {"order_id": "no", "ordered_at": "day"}},
        },
    }  # fmt: skip
    workshop.csv("a.csv", ["no,day,qty", "1,2026-01-05,1"])
    workshop.extract("2026-01-05")
    # a name that the company gave to another stays that one's, and a list is told but cannot be kept
    table = {"no": ["2"], "colour": ["red"], "tags": [["x"]], "day": ["2026-01-06"], "qty": ["1"], "": ["no name"]}
    pq.write_table(pa.table(table), workshop.data / "b.parquet")
    told = workshop.extract("2026-01-06")
    assert told.warnings == ("shop, lines: new columns that nothing is mapped to: colour (kept), tags (not kept)",)
    workshop.csv("c.csv", ["colour,no,day,batch,qty", "blue,3,2026-01-07,B7,1"])
    workshop.csv("d.csv", ["no,day,qty", "4,2026-01-07,1"])
    assert workshop.extract("2026-01-07").warnings == (
        "shop, lines: new columns that nothing is mapped to: batch (kept)",
    )
    assert workshop.query("select record_id, extra from raw.order_lines order by record_id, known_at") == [
        ("1", {"colour": "none"}), ("2", {"colour": "none"}), ("3", {"colour": "none", "batch": "B7"}),
        ("4", {"colour": "none"}),
    ]  # fmt: skip
    assert workshop.query("select count(*), count(extra) from raw.orders") == [(4, 0)]
    assert workshop.query("select nspname from pg_namespace where nspname like 'landing%'") == []


def test_beside_columns_that_reach_a_person_new_ones_are_told_only(workshop: Workshop) -> None:
    workshop.source = {
        "datasets": {"people": {"files": "*.csv", "mode": "full"}},
        "entities": {"contacts": {"from": "people", "fields": {"contact_id": "no", "account_id": "of"}}},
    }
    workshop.csv("people.csv", ["no,of", "1,x"])
    workshop.extract("2026-01-05")
    workshop.csv("people.csv", ["no,of,faith", "1,x,none"])
    assert workshop.extract("2026-01-06").warnings == (
        "shop, people: new columns that nothing is mapped to: faith (not kept)",
    )
    assert workshop.query("select extra from raw.contacts") == [(None,)]


def test_of_a_new_reference_the_id_is_kept_and_in_a_first_load_nothing(workshop: Workshop) -> None:
    dataset = read_mapping(workshop.company(), "shop").datasets[0]
    shown = {"Owner2": "Owner2.id", "order": "order", "Stage": "Stage", "old": "old"}
    assert SeenBefore(dataset, frozenset(), frozenset()).to_keep(shown) == ()
    seen = SeenBefore(dataset, frozenset({"order", "old", "Stage"}), frozenset({"Stage"}))
    assert seen.to_keep(shown) == ("Owner2.id", "Stage")
    extra = dataset.keeping(seen.to_keep(shown)).entities[0].fields["extra"]
    assert list(extra.columns()) == ["Owner2.id", "Stage"]
