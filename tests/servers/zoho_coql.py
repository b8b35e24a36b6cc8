"""The query language of the Zoho server for tests: as much of it as the contract needs, and its refusals."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
_QUERY = re.compile(
    r"select (?P<columns>.+?) from (?P<module>\w+)(?: where (?P<where>.+?))?"
    r"(?: order by (?P<order>\w+)(?: (?P<way>asc|desc))?)?(?: limit (?P<limit>\d+)(?: offset (?P<offset>\d+))?)?$",
    re.I,
)
_CRITERION = re.compile(r"(?P<column>[\w.]+) (?:(?P<sign>>=|<=|=|>|<) (?P<value>'[^']*'|\d+)|(?P<null>is not null))$")


class QueryError(Exception):
    """A query that is refused, with code, message and details."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(code)
        self.body = {"code": code, "details": details, "message": message, "status": "error"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood. `holds` says of a row whether it is wanted; `id_above` is a lower bound of its ids."""

    columns: tuple[str, ...]
    module: str
    holds: Callable[[Row], bool]
    is_descending: bool
    limit: int
    offset: int
    named: frozenset[str]
    id_above: int


def parse(text: str, *, most: int) -> Query:
    """Return a query. Raises QueryError as Zoho refuses what it does not take."""
    found = _QUERY.match(" ".join(text.split()))
    if found is None:
        raise QueryError("SYNTAX_ERROR", "invalid query formed", line=1, column=1, near=text[:10])
    if found["where"] is None:
        raise QueryError("SYNTAX_ERROR", "invalid query formed", clause="where")
    limit = int(found["limit"] or 200)
    if limit > most:
        raise QueryError("LIMIT_EXCEEDED", "limit exceeded", limit=most, clause="limit")
    columns = tuple(each.strip() for each in found["columns"].split(","))
    if len(columns) > 50:
        raise QueryError("LIMIT_EXCEEDED", "limit exceeded", limit=50, clause="select")
    if len(set(columns)) < len(columns):
        raise QueryError("DUPLICATE_DATA", "duplicate data", clause="select")
    if (found["order"] or "id").lower() != "id":
        raise QueryError("INVALID_QUERY", "column given seems to be invalid", column_name=found["order"])
    criteria = _criteria(found["where"])
    return Query(
        columns=columns,
        module=found["module"],
        holds=lambda row: all(_holds(each, row) for each in criteria),
        is_descending=(found["way"] or "asc").lower() == "desc",
        limit=limit,
        offset=int(found["offset"] or 0),
        named=frozenset(each["column"] for each in criteria),
        id_above=max((int(each["value"]) for each in criteria if each["column"] == "id" and each["sign"] == ">"),
                     default=0),
    )  # fmt: skip


def value_of(row: Row, column: str) -> Any:
    """Return a column of a row with its parent in `$parent`, as a query gives it: of a lookup the id only."""
    value = row.get(column) if "." not in column else (row.get("$parent") or {}).get(column.split(".", 1)[1])
    return {"id": value["id"]} if isinstance(value, dict) else value


def _criteria(text: str) -> list[Mapping[str, str]]:
    """Return the criteria that must all hold. Each pair of brackets holds at most two."""
    text = text.strip()
    found = _CRITERION.match(text)
    if found is not None:
        return [found.groupdict()]
    if text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
        found = _CRITERION.match(text)
        if found is not None:
            return [found.groupdict()]
    parts = _split(text)
    if len(parts) != 2:
        raise QueryError("SYNTAX_ERROR", "invalid query formed", clause="where")
    return _criteria(parts[0]) + _criteria(parts[1])


def _split(text: str) -> list[str]:
    depth, parts, begin = 0, [], 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and text[place : place + 5].lower() == " and ":
            parts.append(text[begin:place])
            begin = place + 5
    return [*parts, text[begin:]]


def _closing(text: str) -> int:
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return place
    return -1


def _holds(criterion: Mapping[str, str], row: Row) -> bool:
    value: Any = row["id"] if criterion["column"] == "id" else value_of(row, criterion["column"])
    if value is None or criterion["null"]:
        return value is not None
    asked: Any = criterion["value"].strip("'")
    if criterion["column"].endswith("_Time"):
        value, asked = datetime.fromisoformat(value), datetime.fromisoformat(asked)
    elif asked.isdigit():
        value, asked = int(value), int(asked)
    signs = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}
    return bool(signs[criterion["sign"]](value, asked))
