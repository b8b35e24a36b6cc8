"""Fields of the records that a reference leads to: partner_id.commercial_partner_id.id, stage_id.is_won."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sources.api.connector import Record, SourceField
from sources.api.id_walk import IdWalk
from sources.odoo.values import LABEL, plain_record, source_fields
from sources.tables import MissingColumnError, find_columns

Described = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a model, and what is wanted of the records that it leads to."""

    name: str
    fields: Mapping[str, SourceField]
    wanted: tuple[str, ...]
    walk: IdWalk

    def fill(self, records: Sequence[Record]) -> list[Record]:
        """Return the records with the wanted fields beside the reference's id and name, as they are now."""
        ids = sorted({int(record.values[self.name]["id"]) for record in records if record.values[self.name]})
        rows = self.walk.rows(ids, self.wanted) if ids else []
        found = {str(row["id"]): plain_record(row, self.fields).values for row in rows}
        return [
            replace(record, values={**record.values, self.name: {**found.get(known["id"], {}), **known}})
            if (known := record.values[self.name])
            else record
            for record in records
        ]


def references(
    columns: Sequence[str],
    described: Described,
    fields_of: Callable[[str], Described],
    walk_of: Callable[[str], IdWalk],
    *,
    thing: str,
) -> list[Reference]:
    """Return the references whose records the columns look into, beyond id and name. Raises MissingColumnError.

    `described` and `fields_of(model)` are what fields_get says.
    """
    wanted: dict[str, list[str]] = {}
    for column in columns:
        head, *rest = column.split(".")
        if described.get(head, {}).get("type") == "many2one" and rest and rest[0] not in ("id", "name"):
            if rest[2:] or (rest[1:] and rest[1] not in ("id", "name")):
                raise MissingColumnError(
                    thing,
                    seen=f"column {column}, which goes through two references",
                    expected="a field of the record that one reference leads to",
                    next_step="make a dataset of the model between, or a related field in Odoo",
                )
            wanted.setdefault(head, []).append(rest[0])
    found = []
    for name, inner in wanted.items():
        model = str(described[name]["relation"])
        fields, walk = source_fields(fields_of(model)), walk_of(model)
        find_columns(list(fields), list(dict.fromkeys(inner)), thing=walk.table.thing)
        asked = tuple(
            dict.fromkeys(each.removesuffix(LABEL) if fields[each].source_type == "label" else each for each in inner)
        )
        found.append(Reference(name, fields, asked, walk))
    return found
