"""The history of fields that Odoo tracks: who changed a record's stage, state or price, when, from what to what.

mail.tracking.value holds the two values, mail.message the record and the moment, ir.model.fields the field's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.api.connector import Record, SourceField
from sources.api.id_walk import IdWalk
from sources.odoo.values import moment

MODEL = "mail.tracking.value"

FIELDS = {
    each.name: each
    for each in (
        SourceField("id", "text", "ID"),
        SourceField("model", "text", "Model of the record that changed"),
        SourceField("record_id", "text", "Id of the record that changed"),
        SourceField("field", "text", "Name of the field that changed"),
        SourceField("field_label", "text", "Label of the field that changed"),
        SourceField("old_value", "text", "Value before: a label, a name, a number or a moment"),
        SourceField("new_value", "text", "Value after"),
        SourceField("old_value_id", "text", "Id before, where the value is a reference"),
        SourceField("new_value_id", "text", "Id after, where the value is a reference"),
        SourceField("changed_at", "timestamptz", "When it changed"),
        SourceField("changed_by", "text", "Who changed it: a partner", "many2one", is_lookup=True),
        SourceField("write_date", "timestamptz", "When the entry was written"),
    )
}

# ir.model.fields.ttype: where the values lie. Every other type shows its text in the char columns.
_PLACES = {
    "integer": "integer",
    "float": "float",
    "monetary": "float",
    "boolean": "integer",
    "date": "datetime",
    "datetime": "datetime",
    "text": "text",
}


@dataclass(slots=True)
class TrackingReader:
    """Makes one record of a tracked value, its message and its field. `columns` are what mail.tracking.value has."""

    walk_of: Callable[[str], IdWalk]
    columns: Iterable[str]
    _fields: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def field_column(self) -> str:
        """The reference to the field: `field_id` from Odoo 17 on, `field` before."""
        return "field_id" if "field_id" in self.columns else "field"

    def wanted(self) -> list[str]:
        """Return the columns to read of mail.tracking.value; those that only some versions have, where they are."""
        names = [
            f"{side}_value_{place}"
            for side in ("old", "new")
            for place in ("char", "integer", "float", "monetary", "text", "datetime")
        ]
        known = set(self.columns)
        return ["mail_message_id", self.field_column, "write_date", *(name for name in names if name in known)]

    def records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return the records of some tracked values. One whose message is gone has no record to speak of."""
        messages = self._by_id("mail.message", _ids(rows, "mail_message_id"), ["model", "res_id", "date", "author_id"])
        unknown = [each for each in _ids(rows, self.field_column) if each not in self._fields]
        self._fields |= self._by_id("ir.model.fields", unknown, ["name", "field_description", "ttype"])
        return [self._record(row, messages.get(_id(row["mail_message_id"]), {})) for row in rows]

    def _record(self, row: Mapping[str, Any], message: Mapping[str, Any]) -> Record:
        about = self._fields.get(_id(row[self.field_column]), {})
        kind = str(about.get("ttype") or "char")
        author = message.get("author_id") or None
        values: dict[str, Any] = {
            "id": str(row["id"]),
            "model": message.get("model") or None,
            "record_id": str(message["res_id"]) if message.get("res_id") else None,
            "field": about.get("name") or None,
            "field_label": about.get("field_description") or None,
            "changed_at": moment(message["date"]) if message.get("date") else None,
            "changed_by": {"id": str(author[0]), "name": author[1]} if author else None,
            "write_date": moment(row["write_date"]) if row.get("write_date") else None,
        }
        for side in ("old", "new"):
            values[f"{side}_value"] = _value(row, side, kind)
            known = row.get(f"{side}_value_integer") if kind == "many2one" else None
            values[f"{side}_value_id"] = str(known) if known else None
        return Record(values["id"], values["write_date"], values)

    def _by_id(self, model: str, ids: Sequence[int], fields: list[str]) -> dict[int, Mapping[str, Any]]:
        if not ids:
            return {}
        return {int(row["id"]): row for row in self.walk_of(model).rows(ids, fields)}


def _id(reference: Any) -> int:
    return int(reference[0]) if reference else 0


def _ids(rows: Sequence[Mapping[str, Any]], column: str) -> list[int]:
    return sorted({_id(row[column]) for row in rows} - {0})


def _value(row: Mapping[str, Any], side: str, kind: str) -> str | None:
    place = _PLACES.get(kind, "char")
    if kind == "monetary" and f"{side}_value_monetary" in row:
        place = "monetary"  # before Odoo 17 money had a column of its own
    value = row.get(f"{side}_value_{place}")
    if kind == "boolean":
        return "true" if value else "false"
    if value is False or value is None:
        return None
    if kind == "date":
        return str(value)[:10]
    return moment(value) if kind == "datetime" else str(value)
