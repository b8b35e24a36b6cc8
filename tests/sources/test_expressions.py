"""What each expression of the vocabulary makes of a value, on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import sql

from sources.loading.typed_rows import Work
from sources.mapping.expressions import parse_expression
from tests.sources.workshop import Workshop

ROW = {"a": "6", "b": "2.55", "code": "POST", "name": " 华东 ", "empty": None, "day": "31/01/2026", "rest": "x,y,x"}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("a", "6"),
        ("empty", None),
        ({"value": "done"}, "done"),
        ({"value": 5}, "5"),
        ({"value": True}, "true"),
        ({"value": None}, None),
        ({"column": "b", "strip": r"\.55$"}, "2"),
        ({"column": "rest", "strip": "[x,]"}, "y"),
        ({"column": "a", "strip": "6"}, None),
        ({"column": "code", "map": {"POST": "shipping"}}, "shipping"),
        ({"column": "a", "map": {6: "six"}}, "six"),
        ({"column": "a", "map": {"5": "five"}}, "6"),
        ({"column": "a", "map": {"5": "five"}, "default": None}, None),
        ({"column": "a", "map": {"5": "five"}, "default": "other"}, "other"),
        ({"column": "empty", "map": {"5": "five"}, "default": "other"}, "other"),
        ({"column": "name", "strip": r"\s", "map": {"华东": "east"}}, "east"),
        ({"column": "code", "cases": [{"matches": "^P", "value": "p"}], "default": "q"}, "p"),
        ({"column": "a", "cases": [{"matches": "^P", "value": "p"}], "default": "q"}, "q"),
        ({"column": "a", "cases": [{"column": "code", "matches": "^P", "value": "p"}], "default": "q"}, "p"),
        ({"column": "empty", "cases": [{"matches": "x", "value": "p"}], "default": None}, None),
        ({"column": "day", "date_format": "DD/MM/YYYY"}, "2026-01-31"),
        ({"column": "a", "date_format": "DD/MM/YYYY"}, "6"),
        ({"column": "a", "only_where": {"column": "code", "matches": "^P"}}, "6"),
        ({"column": "a", "only_where": {"column": "code", "not_matches": "^P"}}, None),
        ({"column": "a", "only_where": {"column": "empty", "not_matches": "^P"}}, "6"),
        ({"column": "a", "only_where": {"column": "empty", "present": True}}, None),
        ({"column": "a", "only_where": {"column": "empty", "present": False}}, "6"),
        ({"multiply": ["a", "b"]}, "15.30"),
        ({"add": ["a", "b", {"value": 1}]}, "9.55"),
        ({"subtract": ["a", "b"]}, "3.45"),
        ({"multiply": ["a", "empty"]}, None),
        ({"multiply": ["a", "code"]}, "6 * POST"),
        ({"multiply": ["a", {"subtract": ["a", "b"]}]}, "20.70"),
    ],
)
def test_an_expression_gives(workshop: Workshop, expression: Any, text: str | None) -> None:
    assert _value(workshop, expression) == text


def test_a_hash_tells_apart_what_only_looks_alike_when_joined(workshop: Workshop) -> None:
    hashes = {
        _value(workshop, {"hash": parts})
        for parts in (["rest", "a"], [{"value": "x"}, {"value": "y,x,6"}], ["a", "empty"], ["empty", "a"], ["a"])
    }
    assert len(hashes) == 5


@pytest.mark.parametrize("knows_validity", [True, False], ids=["16 and later", "15"])
@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("numeric", ["1", " -2.5 ", "1e3", ".5", "+7"], ["", "NaN", "Infinity", "1,5", "0x1", "1_000", "1e9999", "€5"]),
        ("integer", ["1", "-5", "7.0"], ["1.5", "x", "12345678901"]),
        ("boolean", ["true", "f", "YES", "0"], ["2", "ja", "tru"]),
        ("date", ["2026-01-31", "2026/1/5", "20260131", "2026-01-31 10:00"],
         ["31.01.2026", "01/02/2026", "2026-13-01", "now"]),
        ("timestamptz", ["2026-01-31", "2026-01-31T10:00:00Z", "2026-01-31 10:00:00+08"],
         ["2026-01-31 25:00", "today", "10:00"]),
    ],
)  # fmt: skip
def test_only_unmistakable_values_are_of_a_type(
    workshop: Workshop, kind: Any, good: list[str], bad: list[str], *, knows_validity: bool
) -> None:
    with workshop.warehouse.connect_admin() as connection:
        work = Work(connection, "x", None, "UTC", knows_validity=knows_validity)  # type: ignore[arg-type]
        statement = sql.SQL("select t, {} is not null from unnest(%s::text[]) as t").format(
            work.value(sql.Identifier("t"), kind)
        )
        assert dict(connection.execute(statement, (good + bad,)).fetchall()) == dict.fromkeys(
            good, True
        ) | dict.fromkeys(bad, False)


def _value(workshop: Workshop, expression: Any) -> str | None:
    compiled = parse_expression(expression).compile(lambda column: sql.SQL("{}::text").format(sql.Literal(ROW[column])))
    with workshop.warehouse.connect_admin() as connection:
        row = connection.execute(sql.SQL("select {}").format(compiled)).fetchone()
        assert row is not None
        return None if row[0] is None else str(row[0])
