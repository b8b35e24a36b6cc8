"""Makes a record plain: labels for codes, names beside ids, moments in UTC, exact numbers, None for absence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sources.api.connector import Record
from sources.fxiaoke.fields import AREAS, CODE, LOOKUPS, OTHER, Field, field_of, moment_of

_IDS = ("id", "_id", "userId", "openUserId", "deptId", "departmentId")
_NAMES = ("name", "deptName", "fullName", "nickname", "nickName")
_TRUE = (True, "true", "1")


def utc(moment: datetime) -> str:
    """Return a moment so that the order of texts is the order of time."""
    return moment.isoformat(timespec="milliseconds")


def is_gone(row: Mapping[str, Any]) -> bool:
    """Say whether a record lies in the recycle bin: made invalid (作废), or deleted there."""
    return row.get("life_status") == "invalid" or row.get("is_deleted") in _TRUE


def record_of(row: Mapping[str, Any], columns: Iterable[str], fields: Mapping[str, Field]) -> Record:
    """Return a record with the values that the columns read; a column that is no field is passed on as it came."""
    values: dict[str, Any] = {}
    for column in columns:
        found, name = field_of(column, fields), column.split(".", maxsplit=1)[0]
        if found is None:
            values[name] = _plain(row.get(name))
        elif found.name not in values:
            values |= _values(row, found)
    changed = moment_of(row.get("last_modified_time"))
    return Record(str(row["_id"]), utc(changed) if changed else None, values)


def _values(row: Mapping[str, Any], found: Field) -> dict[str, Any]:
    value = row.get(found.name)
    if found.kind in LOOKUPS:
        return {found.name: _lookup(row, found)}
    if found.has_code:
        return _selected(row, found)
    if value is None or value == "":
        return {found.name: None}
    return {found.name: _single(value, found)}


def _single(value: Any, found: Field) -> Any:
    """Return a value of a plain field; what it cannot be stays readable, for the quarantine."""
    if found.kind in ("number", "currency", "percentile", "count"):
        return _number(value)
    if found.kind == "true_or_false":
        return value in _TRUE if value in (*_TRUE, False, "false", "0") else _plain(value)
    if found.kind in ("date", "date_time"):
        moment = moment_of(value)
        if moment is None:
            return _plain(value)
        # The hours of a day's number mean nothing; the day is that of the zone it was entered in.
        return utc(moment) if found.kind == "date_time" else moment.astimezone(found.zone).date().isoformat()
    if found.kind == "time":
        return _time(value)
    return _plain(value)


def _number(value: Any) -> Any:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return _plain(value)
    return number if number.is_finite() else _plain(value)


def _time(value: Any) -> Any:
    moment = moment_of(value)
    return _plain(value) if moment is None else f"{moment:%H:%M:%S}"


def _selected(row: Mapping[str, Any], found: Field) -> dict[str, Any]:
    name = found.name
    value, label = row.get(name), row.get(f"{name}__r")
    if found.is_quoted:  # what is quoted comes as its label, the code beside it
        value = row.get(f"{name}__v", value)
    if value in (None, "", []):
        return {name: None, f"{name}{CODE}": None, f"{name}{OTHER}": None}
    codes = [str(each) for each in value] if isinstance(value, list) else str(value)
    if found.kind in AREAS and isinstance(label, str):
        meant: Any = label
    elif isinstance(codes, list):
        meant = [found.options.get(code, code) for code in codes]
    else:
        meant = found.options.get(codes, codes)
    return {name: meant, f"{name}{CODE}": codes, f"{name}{OTHER}": _plain(row.get(f"{name}{OTHER}"))}


def _lookup(row: Mapping[str, Any], found: Field) -> Any:
    """Return {"id", "name"} for what is referred to; a list of them where there may be several; None for nothing."""
    value = row.get(found.name)
    if value in (None, "", []):
        return None
    ids = [str(each) for each in (value if isinstance(value, list) else [value])]
    names = _names(row.get(f"{found.name}__r"), ids) | _names(row.get(f"{found.name}__l"), ids)
    each = [{"id": key, "name": names.get(key)} for key in ids]
    return each if found.kind.endswith("_many") else each[0]


def _names(told: Any, ids: list[str]) -> dict[str, str]:
    """Return the names told beside ids: a text or an object for one, a list or texts with commas for several."""
    if isinstance(told, str):
        parts = [told] if len(ids) == 1 else told.split(",")
        return dict(zip(ids, parts, strict=True)) if len(parts) == len(ids) else {}
    told = [told] if isinstance(told, dict) else told
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        return {}
    names: dict[str, str] = {}
    for place, each in enumerate(told):
        key = next((str(each[part]) for part in _IDS if each.get(part) is not None), None)
        name = next((str(each[part]) for part in _NAMES if each.get(part)), None)
        if key not in ids and len(told) == len(ids):
            key = ids[place]  # its object tells another of its ids
        if key is not None and name is not None:
            names[key] = name
    return names


def _plain(value: Any) -> Any:
    if value is None or value == "" or isinstance(value, str | bool | int | Decimal):
        return None if value == "" else value
    if isinstance(value, list):
        return [_plain(each) for each in value] or None
    if isinstance(value, dict):  # a file or a picture: its name
        return next((_plain(value[part]) for part in (*_NAMES, "filename") if value.get(part)), None)
    return str(value)
