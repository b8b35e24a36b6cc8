"""Tryton's values made plain: numbers, days and moments are objects that tell their class; moments are in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sources.api.connector import SourceField
from sources.mapping.contract import ColumnType

LABEL = "__label"
SELECTIONS = frozenset({"selection", "multiselection"})
SEVERAL = frozenset({"one2many", "many2many"})
REFERENCES = frozenset({"many2one", "one2one"})

_TYPES: dict[str, ColumnType] = {
    "boolean": "boolean",
    "integer": "integer",
    "biginteger": "integer",
    "float": "numeric",
    "numeric": "numeric",
    "timedelta": "numeric",
    "date": "date",
    "datetime": "timestamptz",
    "timestamp": "timestamptz",
}


def source_fields(described: Mapping[str, Mapping[str, Any]]) -> dict[str, SourceField]:
    """Return the fields of a model as fields_get describes them; a selection has its label as a field beside it.

    Files are left out.
    """
    fields: dict[str, SourceField] = {}
    for name, each in described.items():
        kind, label = str(each.get("type")), str(each.get("string") or "")
        if kind == "binary":
            continue
        pairs = each.get("selection") if kind in SELECTIONS else None
        options = {str(code): str(text) for code, text in pairs if code} if isinstance(pairs, list) else {}
        fields[name] = SourceField(
            name,
            "text" if name == "id" else _TYPES.get(kind, "text"),
            label,
            kind,
            options,
            is_lookup=kind in REFERENCES or kind == "reference",
            may_be_kept=kind not in SEVERAL,
        )
        if kind in SELECTIONS:
            fields[name + LABEL] = SourceField(name + LABEL, "text", label, "label", may_be_kept=False)
    return fields


def plain(value: Any) -> Any:
    """Return a value as answers hold it: exact numbers, ISO days and moments, a duration in seconds."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    known = _CLASSES.get(str(value.get("__class__")))
    return known(value) if known else {key: plain(each) for key, each in value.items()}


def tryton_moment(moment: datetime) -> dict[str, Any]:
    """Return a moment as a domain holds it."""
    utc = moment.astimezone(UTC)
    return {"__class__": "datetime"} | {part: getattr(utc, part) for part in _PARTS}


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_CLASSES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "Decimal": lambda value: Decimal(value["decimal"]),
    "datetime": lambda value: _moment(value).isoformat(timespec="microseconds"),
    "date": lambda value: _day(value).isoformat(),
    "time": lambda value: _hour(value).isoformat(),
    "timedelta": lambda value: value["seconds"],
    "bytes": lambda _: None,
}


def _day(value: Mapping[str, Any]) -> date:
    return date(value["year"], value["month"], value["day"])


def _hour(value: Mapping[str, Any]) -> time:
    return time(value["hour"], value["minute"], value["second"], value["microsecond"])


def _moment(value: Mapping[str, Any]) -> datetime:
    return datetime.combine(_day(value), _hour(value), UTC)
