"""Odoo's records made plain: false for absent, [id, name] for a reference, moments in UTC without saying so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sources.api.connector import Record, SourceField
from sources.mapping.contract import ColumnType

LABEL = "__label"
_TYPES: dict[str, ColumnType] = {
    "boolean": "boolean",
    "integer": "integer",
    "many2one_reference": "integer",
    "float": "numeric",
    "monetary": "numeric",
    "date": "date",
    "datetime": "timestamptz",
}
# files, pictures, and what is only a question to the server
_LEFT_OUT = frozenset({"binary", "image", "properties_definition"})
_SEVERAL = frozenset({"many2many", "one2many"})

ATTRIBUTES = ["string", "type", "selection", "relation", "manual"]
"""What fields_get is asked for."""


def source_fields(described: Mapping[str, Mapping[str, Any]]) -> dict[str, SourceField]:
    """Return the fields of a model as fields_get describes them; a selection has its label as a field beside it."""
    fields: dict[str, SourceField] = {}
    for name, each in described.items():
        kind = str(each.get("type"))
        if kind in _LEFT_OUT:
            continue
        pairs = each.get("selection") if kind == "selection" else None
        options = {str(code): str(label) for code, label in pairs} if isinstance(pairs, list) else {}
        label = str(each.get("string") or "")
        is_custom = bool(each.get("manual")) or name.startswith("x_")
        fields[name] = SourceField(
            name,
            "text" if name == "id" else _TYPES.get(kind, "text"),
            label,
            kind,
            options,
            is_lookup=kind == "many2one",
            is_custom=is_custom,
            may_be_kept=kind not in _SEVERAL,
        )
        if kind == "selection":
            fields[name + LABEL] = SourceField(
                name + LABEL, "text", label, "label", is_custom=is_custom, may_be_kept=False
            )
    return fields


def plain_record(row: Mapping[str, Any], fields: Mapping[str, SourceField]) -> Record:
    """Return a row of search_read as a record. `fields` has at least the row's own."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        field = fields[name]
        values[name] = str(value) if name == "id" else _plain(value, field.source_type)
        if field.source_type == "selection":
            code = values[name]
            values[name + LABEL] = None if code is None else field.options.get(code, code)
    return Record(str(row["id"]), values.get("write_date"), values)


def moment(text: str) -> str:
    """Return Odoo's `YYYY-MM-DD HH:MM:SS`, which is UTC, as an ISO moment cut to seconds: text order is time order."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC, microsecond=0).isoformat()


def odoo_moment(since: datetime) -> str:
    """Return a moment as Odoo writes it in a domain, cut to the second before: nothing at its border is lost."""
    return since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: Any, kind: str) -> Any:
    if kind == "boolean":
        return bool(value)
    if value is False or value is None:
        return [] if kind in _SEVERAL else None
    if kind == "many2one":
        # some models have no name to show; then there is only the id
        known, name = value if isinstance(value, list | tuple) else (value, None)
        return {"id": str(known), "name": name or None}
    if kind in _SEVERAL:
        return [str(each) for each in value]
    return moment(value) if kind == "datetime" else value
