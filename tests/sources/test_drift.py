"""A source whose columns change: the same rule for files, databases and live systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
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
    told = ("shop, leads: new columns that nothing is mapped to: zip",)
    for _ in range(2):  # a repeat of the day says the same again
        report = source.extract("2026-01-06")
        assert report.warnings == told
        assert (report.entities[0].new, report.entities[0].changed) == (0, 0)
    assert source.extract("2026-01-07").warnings == ()
    assert source.workshop.query("select name, as_of::text from ops.source_columns where is_news") == [
        ("zip", "2026-01-06")
    ]
