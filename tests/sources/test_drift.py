"""A source whose columns change: the same rule for files, databases and live systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from sources.api.http import Patience
from sources.loading.quarantine import QuarantineLimitError
from sources.loading.report import ExtractReport
from sources.tables import RenamedColumnError
from tests.servers.framework import serving
from tests.servers.odoo import OdooServer
from tests.servers.odoo_models import FieldSpec
from tests.sources.workshop import Workshop
from warehouse.errors import Problem

Columns = dict[str, tuple[str, list[Any]]]
"""By name, in the source's order: the type, as PostgreSQL calls it, and a value for each row."""
BEFORE: Columns = {
    "id": ("integer", [1, 2, 3, 4]),
    "name": ("text", ["a", "b", "c", "d"]),
    "expected_revenue": ("numeric", [1, 2, 3, 4]),
    "date_deadline": ("date", ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]),
}
FIELDS = {"opportunity_id": "id", "opportunity_name": "name", "amount": "expected_revenue",
          "expected_close_date": "date_deadline"}  # fmt: skip
_ODOO_TYPES = {"integer": "integer", "text": "char", "numeric": "float", "date": "date"}


class Source:
    """A source of one kind that shows the columns it is given, and extracts of it."""

    def __init__(self, workshop: Workshop, show: Callable[[Columns], None], erp_url: str | None = None) -> None:
        self.workshop, self.show, self._erp_url = workshop, show, erp_url

    def extract(self, day: str) -> ExtractReport:
        return self.workshop.extract(day, erp_url=self._erp_url)


@pytest.fixture(params=["files", "erp_database", "odoo"])
def source(request: pytest.FixtureRequest, workshop: Workshop) -> Iterator[Source]:
    options: dict[str, Any] = dict[str, dict[str, Any]](
        {
            "files": {"dataset": {"files": "*.csv", "mode": "full"}},
            "erp_database": {"url": "${GUANXI_ERP_URL}", "dataset": {"table": "leads"}},
            "odoo": {"dataset": {"object": "crm.lead"}},
        }
    )[request.param]
    workshop.source = {
        "kind": request.param,
        "datasets": {"leads": options["dataset"]},
        "entities": {"opportunities": {"from": "leads", "fields": FIELDS}},
    } | {key: value for key, value in options.items() if key != "dataset"}
    if request.param == "files":
        yield Source(workshop, lambda columns: _show_file(workshop, columns))
    elif request.param == "erp_database":
        url: str = request.getfixturevalue("scratch_database")
        yield Source(workshop, lambda columns: _show_table(url, columns), url)
    else:
        server = OdooServer()
        with serving(server, server.script) as running:
            workshop.source["settings"] = {"base_url": running.url, "database": server.database}
            secret = json.dumps({"api_key": server.key, "login": server.login})
            workshop.outside = {"environment": {"GUANXI_SOURCE_SHOP": secret}, "allows_private": True,
                                "patience": Patience(attempts=2)}  # fmt: skip
            yield Source(workshop, lambda columns: _show_model(server, columns))


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


def _renamed(old: str, new: str) -> Columns:
    return {new if name == old else name: column for name, column in BEFORE.items()}


STOPS: dict[str, tuple[Columns, type[Problem], str]] = {
    "renamed": (
        _renamed("expected_revenue", "expected_exp_revenue"),
        RenamedColumnError,
        "(now expected_exp_revenue?)",
    ),
    "in another case": (_renamed("name", "Name"), RenamedColumnError, "name (now Name?)"),
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


def test_a_new_column_is_told_once_and_another_order_never(source: Source) -> None:
    source.show(BEFORE)
    assert source.extract("2026-01-05").warnings == ()
    added = {"zip": ("text", ["x"] * 4)} | dict(reversed(BEFORE.items()))
    source.show(added)
    told = ("shop, leads: new columns that nothing is mapped to: zip (kept)",)
    for _ in range(2):  # a repeat of the day says the same again
        assert source.extract("2026-01-06").warnings == told
    assert source.extract("2026-01-07").warnings == ()
    assert source.workshop.query("select name, as_of::text from ops.source_columns where is_news") == [
        ("zip", "2026-01-06")
    ]


def test_a_new_column_is_kept_where_it_has_a_value_from_its_night_on(source: Source) -> None:
    source.show(BEFORE)
    source.extract("2026-01-05")
    source.show(BEFORE | {"zip": ("text", ["x", "", "y", ""]), "rating": ("integer", [1, 2, 3, 4])})
    report = source.extract("2026-01-06")
    assert report.warnings == ("shop, leads: new columns that nothing is mapped to: rating, zip (kept)",)
    assert _counts(report) == (0, 4, 0)
    expected = [("1", {"rating": "1", "zip": "x"}), ("2", {"rating": "2"}), ("3", {"rating": "3", "zip": "y"}),
                ("4", {"rating": "4"})]  # fmt: skip
    assert _extras(source) == expected
    for day in ("2026-01-07", "2026-01-08"):
        source.show(BEFORE | {"rating": ("integer", [1, 2, 3, 4]), "zip": ("text", ["x", "", "y", ""])})
        assert _counts(source.extract(day)) == (0, 0, 4)
    # it goes as it came: nothing was promised of it
    source.show(BEFORE | {"rating": ("integer", [1, 2, 3, 4])})
    assert _counts(source.extract("2026-01-09")) == (0, 2, 2)
    assert _extras(source) == [(key, {"rating": each["rating"]}) for key, each in expected]


def test_a_new_column_without_a_value_changes_nothing(source: Source) -> None:
    source.show(BEFORE)
    source.extract("2026-01-05")
    source.show(BEFORE | {"zip": ("text", ["", "", "", "z"])})
    assert _counts(source.extract("2026-01-06")) == (0, 1, 3)
    assert _extras(source) == [("1", None), ("2", None), ("3", None), ("4", {"zip": "z"})]


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
    assert _extras(source) == [(str(number), {"zip": "x"}) for number in range(1, 5)]


def _counts(report: ExtractReport) -> tuple[int, int, int]:
    found = report.entities[0]
    return found.new, found.changed, found.unchanged


def _extras(source: Source) -> list[tuple[str, dict[str, str] | None]]:
    return source.workshop.query(
        "select distinct on (record_id) record_id, extra from raw.opportunities order by record_id, known_at desc"
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
