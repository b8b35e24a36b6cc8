"""What an Odoo remembers, and how it searches: models, rows, domains, archived rows, a clock with microseconds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.odoo_models import MODELS, FieldSpec

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class OdooError(Exception):
    """An error as a method raises it: the class's name, the message, and JSON-2's status for it."""

    def __init__(self, name: str, message: str, status: int) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


@dataclass
class OdooStore:
    """The rows of every model by id. The tests set `seconds`, the clock since the start; a write moves it on."""

    models: dict[str, dict[str, FieldSpec]] = field(
        default_factory=lambda: {model: dict(fields) for model, fields in MODELS.items()}
    )
    rows: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    seconds: float = 0
    unreadable: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def insert(self, model: str, /, **values: Any) -> int:
        table = self.rows.setdefault(model, {})
        number = values.pop("id", max(table, default=0) + 1)
        defaults = {name: name == "active" for name in self.models[model]}
        table[number] = defaults | values | {"id": number, "create_date": self._stamp(), "write_date": self._stamp()}
        return int(number)

    def update(self, model: str, number: int, /, **values: Any) -> None:
        self.seconds += 0.000_013
        self.rows[model][number] |= values | {"write_date": self._stamp()}

    def unlink(self, model: str, number: int) -> None:
        del self.rows[model][number]

    def rename_field(self, model: str, old: str, new: str) -> None:
        self.models[model][new] = self.models[model].pop(old)
        for row in self.rows.get(model, {}).values():
            row[new] = row.pop(old)

    def fields(self, model: str) -> dict[str, FieldSpec]:
        if model in self.unreadable:
            name = "odoo.exceptions.AccessError"
            raise OdooError(name, f"You are not allowed to access '{model}' records, Jacques Dunagan (id=4)", 403)
        return self.models[model]

    def search(self, model: str, domain: list[Any], context: Mapping[str, Any], order: str = "id") -> list[int]:
        fields = self.fields(model)
        is_about_active = any(isinstance(part, list) and part[0] == "active" for part in domain)
        hides = "active" in fields and context.get("active_test", True) and not is_about_active
        test = self._domain(model, domain)
        found = [row for row in self.rows.get(model, {}).values() if test(row) and (not hides or row["active"])]
        for key in reversed(order.split(",")):
            name, _, direction = key.strip().partition(" ")
            found.sort(key=lambda row, name=name: row[name], reverse=direction.lower() == "desc")  # type: ignore[misc]
        return [row["id"] for row in found]

    def read(self, model: str, ids: Sequence[int], names: Sequence[str], *, is_classic: bool) -> list[dict[str, Any]]:
        fields = self.fields(model)
        names = names or list(fields)
        for name in names:
            if name not in fields:
                raise OdooError("builtins.ValueError", f"Invalid field '{name}' on model '{model}'", 500)
        table = self.rows.get(model, {})
        return [
            {"id": each} | {name: self._shown(fields[name], table[each][name], is_classic) for name in names}
            for each in ids
            if each in table
        ]

    def _shown(self, spec: FieldSpec, value: Any, is_classic: bool) -> Any:
        if value is False or value is None:
            return [] if spec.type in ("one2many", "many2many") else False
        if spec.type == "many2one":
            return [value, self._name(spec.relation, value)] if is_classic else value
        return str(value)[:19] if spec.type == "datetime" else value

    def _name(self, model: str, number: int) -> str:
        row = self.rows[model][number]
        if model == "ir.model.fields":
            return f"{row['field_description']} ({row['model']})"
        return str(row.get("name") or f"{model},{number}")

    def _domain(self, model: str, domain: list[Any]) -> Callable[[Mapping[str, Any]], bool]:
        """Return the test that a domain in prefix notation is; conditions without a sign before them must all hold."""
        stack: list[Callable[[Mapping[str, Any]], bool]] = []
        for part in reversed(domain):
            if part == "!":
                inner = stack.pop()
                stack.append(lambda row, inner=inner: not inner(row))  # type: ignore[misc]
            elif part in ("&", "|"):
                left, right = stack.pop(), stack.pop()
                both = all if part == "&" else any
                stack.append(lambda row, a=left, b=right, both=both: both((a(row), b(row))))  # type: ignore[misc]
            else:
                stack.append(self._condition(model, *part))
        return lambda row: all(test(row) for test in stack)

    def _condition(self, model: str, path: str, sign: str, wanted: Any) -> Callable[[Mapping[str, Any]], bool]:
        head, _, rest = path.partition(".")
        if head not in self.models[model]:
            message = f"Invalid field {model}.{head} in condition ({path!r}, {sign!r}, {wanted!r})"
            raise OdooError("builtins.ValueError", message, 500)
        spec = self.models[model][head]
        if rest:
            inner = self._condition(spec.relation, rest, sign, wanted)
            return lambda row: row[head] is not False and inner(self.rows[spec.relation][row[head]])
        if sign in ("in", "not in"):
            chosen = set(wanted)
            return lambda row: (row[head] in chosen) == (sign == "in")
        if sign in ("=", "!="):
            return lambda row: (row[head] == wanted) == (sign == "=")
        if spec.type == "datetime":
            wanted = f"{wanted}.000000"[:26]  # a domain's moment has no microseconds, the database's has
        compare = _COMPARISONS[sign]
        return lambda row: row[head] is not False and compare(row[head], wanted)

    def _stamp(self) -> str:
        return self.now.strftime("%Y-%m-%d %H:%M:%S.%f")
