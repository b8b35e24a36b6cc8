"""Makes Zoho's values plain, and says what type each kind of field then has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sources.api.connector import Record, SourceField
from sources.mapping.contract import ColumnType

_TYPES: dict[str, ColumnType] = {
    "integer": "integer",
    "bigint": "numeric",
    "double": "numeric",
    "decimal": "numeric",
    "currency": "numeric",
    "percent": "numeric",
    "rollup_summary": "numeric",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamptz",
}
LOOKUPS = frozenset({"lookup", "ownerlookup", "userlookup"})
# What neither a query nor an export file gives as the records API does.
ONLY_IN_RECORDS = frozenset({
    "subform", "multiselectlookup", "multiuserlookup", "multi_module_lookup", "fileupload", "imageupload",
    "profileimage", "consent_lookup", "ALARM", "RRULE", "event_reminder", "$se_module",
})  # fmt: skip
LISTS = frozenset({"multiselectpicklist"})


def source_field(described: Mapping[str, Any]) -> SourceField:
    """Return one field of the metadata as a connector tells it."""
    kind = str(described.get("data_type", ""))
    formula = described.get("formula")
    returned = str(formula.get("return_type", "")) if isinstance(formula, dict) else ""
    options = described.get("pick_list_values") or ()
    return SourceField(
        name=str(described["api_name"]),
        type=_TYPES.get(returned or kind, "text"),
        label=str(described.get("display_label") or described.get("field_label") or ""),
        source_type=returned or kind,
        options={
            str(each["actual_value"]): str(each.get("display_value", each["actual_value"]))
            for each in options
            if "actual_value" in each
        },
        is_lookup=kind in LOOKUPS,
        is_custom=bool(described.get("custom_field")),
        may_be_kept=kind not in ONLY_IN_RECORDS,
    )


def utc(value: object) -> str | None:
    """Return a moment with an offset as fixed-width text in UTC, so that the order of texts is that of time."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment.tzinfo is not None else None


def plain(value: Any, kind: str) -> Any:
    """Return a value of the records API or of a query as the rest of the house reads it."""
    if value is None or value == "":
        return None
    if kind == "datetime":
        return utc(value) or value  # what is no moment stays readable in quarantine
    if isinstance(value, dict):
        return {str(name): str(each) if name == "id" else each for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each, "") for each in value]
    return value


def plain_cell(text: str, kind: str) -> Any:
    """Return a cell of an export file as `plain` returns the same value of the records API."""
    if text == "":
        return None
    if kind in LOOKUPS:
        return {"id": text}
    if kind in LISTS:
        return [each for each in text.split(";") if each]
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return _number(text) if _TYPES.get(kind) in ("numeric", "integer") else plain(text, kind)


def _number(text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return int(number) if number == number.to_integral_value() else number


def record_of(row: Mapping[str, Any], kinds: Mapping[str, str]) -> Record:
    """Return a row of the records API or of a query as a record; `kinds` has the data type of each asked field."""
    values = {name: plain(row.get(name), kind) for name, kind in kinds.items()}
    key = str(row["id"])
    return Record(key, utc(row.get("Modified_Time")), {"id": key} | values)
