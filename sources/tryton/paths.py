"""The columns of a mapping as Tryton is asked for them: party.name, quoted_by.party.id, template.type__label.

Tryton follows references itself. `id` after a reference is the id it leads to, `name` the field of that name or,
where the model has none, the name that a client shows for the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sources.api.values import text_at
from sources.tables import MissingColumnError, find_columns
from sources.tryton.values import LABEL, REFERENCES, SEVERAL, plain, source_fields

Described = Mapping[str, Mapping[str, Any]]
_WITH_PARTS = frozenset({"dict", *SEVERAL, "multiselection"})


@dataclass(frozen=True, slots=True)
class ColumnPath:
    """One column. `steps` are the references to follow, `asked` the field at their end, of Tryton's type `kind`.

    `part` is what is meant of a reference: its id or its model; of a list or a dictionary, the path into it.
    """

    column: str
    steps: tuple[str, ...]
    asked: str
    kind: str
    part: str = ""

    @property
    def names(self) -> list[str]:
        """What to ask Tryton for."""
        name = ".".join([*self.steps, self.asked])
        return [name, f"{name}.rec_name"] if self.kind in REFERENCES and not self.part else [name]

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return the value in a row of search_read."""
        node: Any = row
        for step in self.steps:
            node = node.get(f"{step}.")
            if node is None:
                return None
        found = plain(node.get(self.asked))
        if found is None:
            return [] if self.kind in SEVERAL else None
        if self.kind in _WITH_PARTS:
            whole = [str(each) for each in found] if self.kind in SEVERAL else found
            return text_at({"whole": whole}, f"whole.{self.part}") if self.part else whole
        if self.kind in REFERENCES and not self.part:
            return {"id": str(found), "name": node[f"{self.asked}."]["rec_name"]}
        if self.kind == "reference" and self.part:
            model, _, number = str(found).partition(",")
            return model if self.part == "model" else number
        is_id = self.part == "id" or self.asked == "id"
        return str(found) if is_id else found


def find_path(column: str, model: str, fields_of: Callable[[str], Described], *, thing: str) -> ColumnPath:
    """Return the path of a column of a model. Raises MissingColumnError and RenamedColumnError."""
    steps: list[str] = []
    parts = column.split(".")
    while True:
        name, *rest = parts
        described = fields_of(model)
        find_columns(list(source_fields(described)), [name], thing=f"{thing}, model {model}")
        if name not in described:  # a selection's label
            _refuse_rest(rest, column, thing=thing)
            return ColumnPath(column, tuple(steps), f"{name.removesuffix(LABEL)}:string", "label")
        kind = str(described[name]["type"])
        if kind in _WITH_PARTS:
            return ColumnPath(column, tuple(steps), name, kind, ".".join(rest))
        if not rest:
            return ColumnPath(column, tuple(steps), name, kind)
        if rest == ["id"] and kind in {*REFERENCES, "reference"}:
            return ColumnPath(column, tuple(steps), name, kind, "id")
        if kind == "reference" and rest == ["model"]:
            return ColumnPath(column, tuple(steps), name, kind, "model")
        if kind == "reference" and rest in (["name"], ["rec_name"]):
            return ColumnPath(column, (*steps, name), "rec_name", "char")
        if kind not in REFERENCES:
            _refuse_rest(rest, column, thing=thing)
        steps.append(name)
        model = str(described[name]["relation"])
        parts = ["rec_name"] if rest == ["name"] and "name" not in fields_of(model) else rest


def asked_names(paths: Sequence[ColumnPath]) -> list[str]:
    """Return what to ask Tryton for, each once."""
    return list(dict.fromkeys(name for path in paths for name in path.names))


def _refuse_rest(rest: Sequence[str], column: str, *, thing: str) -> None:
    if rest:
        raise MissingColumnError(
            thing,
            seen=f"column {column}, where {rest[0]} is no part of what is before it",
            expected="a field, or fields of the records that references lead to",
            next_step="correct the column in company.yml",
        )
