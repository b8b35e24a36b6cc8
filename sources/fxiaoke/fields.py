"""An object's fields, as its description tells them: their kinds, and what the codes of its selects mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sources.api.connector import SourceField
from sources.fxiaoke.calls import is_custom
from sources.mapping.contract import ColumnType

_TYPES: Mapping[str, ColumnType] = {
    "number": "numeric",
    "currency": "numeric",
    "percentile": "numeric",
    "count": "numeric",
    "date": "date",
    "date_time": "timestamptz",
    "true_or_false": "boolean",
}
SELECTS = frozenset({"select_one", "select_many", "record_type"})
AREAS = frozenset({"country", "province", "city", "district", "town"})
"""Places: their labels come with the record, as there are too many to describe."""
LOOKUPS = frozenset({
    "object_reference", "master_detail", "object_reference_many", "employee", "employee_many", "out_employee",
    "department", "department_many",
})  # fmt: skip
_SYSTEM = {"_id": "text", "create_time": "date_time", "last_modified_time": "date_time"}
CODE = "__code"
OTHER = "__o"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind` is the system's type; that of its result where a field is computed or quoted.

    `options` has the label of each code. `zone` is where the day of a date begins.
    """

    name: str
    kind: str
    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    is_quoted: bool = False

    @property
    def has_code(self) -> bool:
        """Say whether the value is a label, with its code beside it."""
        return self.kind in SELECTS or self.kind in AREAS

    @property
    def asked_for(self) -> tuple[str, ...]:
        """The names to ask for, so that the answer has the value, and the names that belong to it."""
        name = self.name
        if self.kind.endswith("_many") and self.kind in LOOKUPS:
            return name, f"{name}__r", f"{name}__l"
        if self.kind in LOOKUPS or self.kind in AREAS:
            return name, f"{name}__r"
        quoted = (f"{name}__v",) * self.is_quoted
        return (name, *quoted, f"{name}{OTHER}") if "other" in self.options else (name, *quoted)


def read_fields(description: Mapping[str, Any], *, zone: ZoneInfo) -> dict[str, Field]:
    """Return the fields of an object's description by name, with those that every object has."""
    described = {
        name: _field(name, each, zone) for name, each in description.items() if isinstance(each, dict) and _is_on(each)
    }
    always = {name: Field(name, kind) for name, kind in _SYSTEM.items()}
    return always | described


def source_fields(fields: Mapping[str, Field]) -> dict[str, SourceField]:
    """Return the columns a dataset may have: the fields, and the code beside each label."""
    columns: dict[str, SourceField] = {}
    for name, each in fields.items():
        columns[name] = SourceField(
            name, _TYPES.get(each.kind, "text"), each.label, each.kind, each.options,
            is_lookup=each.kind in LOOKUPS, is_custom=is_custom(name), may_be_kept=not each.kind.endswith("_many"),
        )  # fmt: skip
        if each.has_code:
            beside = {f"{name}{CODE}": f"{each.label}, code"}
            if "other" in each.options:
                beside[f"{name}{OTHER}"] = f"{each.label}, other"
            columns |= {
                extra: SourceField(extra, "text", label, each.kind, is_custom=is_custom(name), may_be_kept=False)
                for extra, label in beside.items()
            }
    return columns


def field_of(column: str, fields: Mapping[str, Field]) -> Field | None:
    """Return the field that a dataset's column reads: `owner.id`, `stage__code` and `source__o` read theirs."""
    name = column.split(".", maxsplit=1)[0]
    for suffix in ("", CODE, OTHER):
        if name.endswith(suffix) and name.removesuffix(suffix) in fields:
            return fields[name.removesuffix(suffix)]
    return None


def _is_on(described: Mapping[str, Any]) -> bool:
    return described.get("is_active") is not False


def _field(name: str, described: Mapping[str, Any], zone: ZoneInfo) -> Field:
    kind = str(described.get("type") or "text")
    is_quoted = kind == "quote"
    if kind in ("formula", "count"):
        kind = str(described.get("return_type") or ("text" if kind == "formula" else "count"))
    elif is_quoted:
        kind = str(described.get("quote_field_type") or "text")
    options: dict[str, str] = {}
    for option in described.get("options") or ():
        code = option.get("value", option.get("api_name")) if isinstance(option, dict) else None
        if code is not None:
            options[str(code)] = str(option.get("label", code))
    return Field(
        name,
        kind,
        str(described.get("label") or ""),
        options,
        _zone(described.get("time_zone")) or zone,
        is_quoted,
    )


def _zone(told: Any) -> tzinfo | None:
    """Return the zone of a text such as GMT+8, or None where it is none."""
    found = re.fullmatch(r"(?:GMT|UTC)(?:([+-])(\d{1,2})(?::?(\d{2}))?)?", str(told or ""))
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-offset if sign == "-" else offset) if offset < timedelta(hours=24) else None


def moment_of(milliseconds: Any) -> datetime | None:
    """Return the moment that milliseconds since 1970 mean, or None where they mean none."""
    text = str(milliseconds)
    if isinstance(milliseconds, bool) or not re.fullmatch(r"-?\d{1,15}", text):
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
    except OverflowError:
        return None
