"""What a 纷享销客 tenant holds: its objects, their descriptions and records, its people, and a clock."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LIFE = [
    {"value": code, "label": label}
    for code, label in {
        "ineffective": "未生效", "under_review": "审核中", "normal": "正常", "in_change": "变更中", "invalid": "作废",
    }.items()
]  # fmt: skip
EVERYWHERE: Mapping[str, Mapping[str, Any]] = {
    "name": {"type": "text", "label": "名称"},
    "owner": {"type": "employee", "label": "负责人"},
    "created_by": {"type": "employee", "label": "创建人"},
    "create_time": {"type": "date_time", "label": "创建时间"},
    "last_modified_time": {"type": "date_time", "label": "最后修改时间"},
    "life_status": {"type": "select_one", "label": "生命状态", "options": LIFE},
    "is_deleted": {"type": "true_or_false", "label": "是否删除"},
}
PEOPLE_FIELDS = {"employee", "employee_many", "out_employee"}


def person_key(number: str) -> str:
    """The id of the older style for a person's number in the CRM."""
    return "FSUID_" + hashlib.md5(number.encode()).hexdigest().upper()


@dataclass
class Store:
    """A tenant. `clock` stands until it is told to go on; every change is stamped with it."""

    clock: datetime = NOON
    descriptions: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    mobiles: dict[str, str] = field(default_factory=dict)
    _number: int = 0

    def now(self) -> int:
        return (self.clock - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    def go_on(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def define(self, name: str, label: str, fields: Mapping[str, Mapping[str, Any]]) -> None:
        """Add an object with its own fields and those that every object has."""
        self.labels[name] = label
        self.descriptions[name] = {
            key: {"api_name": key, "is_active": True, **each} for key, each in {**EVERYWHERE, **fields}.items()
        }
        self.records.setdefault(name, {})

    def hire(self, number: str, full_name: str, mobile: str = "") -> None:
        """Add a person, who is also a record of PersonnelObj where that is defined."""
        self.people[number] = full_name
        if mobile:
            self.mobiles[mobile] = number
        if "PersonnelObj" in self.records:
            self.insert("PersonnelObj", key=number, name=full_name, full_name=full_name, user_id=number, phone=mobile)

    def insert(self, name: str, /, *, key: str = "", **values: Any) -> str:
        """Add a record and return its key: by default one that says nothing about its age."""
        self._number += 1
        key = key or hashlib.md5(f"{name} {self._number}".encode()).hexdigest()[:24]
        stamps = {"create_time": self.now(), "last_modified_time": self.now()}
        usual = {"life_status": "normal", "is_deleted": False, "record_type": "default__c"}
        self.records[name][key] = {"_id": key, **usual, **stamps, **values}
        return key

    def update(self, name: str, key: str, /, **values: Any) -> None:
        self.records[name][key] |= {**values, "last_modified_time": self.now()}

    def invalidate(self, name: str, key: str) -> None:
        """Put a record into the recycle bin (作废)."""
        self.update(name, key, life_status="invalid")

    def delete(self, name: str, key: str) -> None:
        """Delete a record that lies in the recycle bin, where it can still be seen by who asks for it."""
        self.update(name, key, life_status="invalid", is_deleted=True)

    def recover(self, name: str, key: str) -> None:
        self.update(name, key, life_status="normal", is_deleted=False)

    def purge(self, name: str, key: str) -> None:
        """Take a record away for good: nothing tells of it any more."""
        del self.records[name][key]

    def living(self, name: str) -> set[str]:
        return {key for key, row in self.records[name].items() if not is_gone(row)}

    def shown(self, name: str, row: Mapping[str, Any], *, converted: bool) -> dict[str, Any]:
        """A record as it is answered: with the names beside the ids, and people by one of their two ids."""
        told: dict[str, Any] = {}
        for key, value in row.items():
            kind = self.descriptions[name].get(key, {}).get("type", "")
            if value is None:
                continue
            told[key] = value
            if kind in PEOPLE_FIELDS:
                people = [{"id": self.person(each, converted=converted), "name": self.people[each]} for each in value]
                told[key] = [each["id"] for each in people]
                told |= {f"{key}__r": people[0], f"{key}__l": people} if people else {}
            elif kind in ("object_reference", "master_detail"):
                target = self.records[self.descriptions[name][key]["target_api_name"]].get(value, {})
                told[f"{key}__r"] = target.get("name", "")
            elif key == "user_id":
                told[key] = self.person(value, converted=converted)
        return told

    @staticmethod
    def person(number: str, *, converted: bool) -> str:
        return person_key(number) if converted else number


def is_gone(row: Mapping[str, Any]) -> bool:
    return row.get("life_status") == "invalid" or bool(row.get("is_deleted"))


def _compare(how: Callable[[Any, Any], bool]) -> Callable[[Any, list[str]], bool]:
    def holds(value: Any, wanted: list[str]) -> bool:
        if value is None:
            return False
        number = isinstance(value, int) and not isinstance(value, bool)
        return how(value if number else _text(value), int(wanted[0]) if number else wanted[0])

    return holds


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


OPERATORS: Mapping[str, Callable[[Any, list[str]], bool]] = {
    "EQ": lambda value, wanted: _text(value) == wanted[0],
    "N": lambda value, wanted: _text(value) != wanted[0],
    "GT": _compare(operator.gt),
    "GTE": _compare(operator.ge),
    "LT": _compare(operator.lt),
    "LTE": _compare(operator.le),
    "IN": lambda value, wanted: _text(value) in wanted,
    "LIKE": lambda value, wanted: wanted[0] in _text(value),
    "BETWEEN": lambda value, wanted: int(wanted[0]) <= int(value) <= int(wanted[1]),
}
