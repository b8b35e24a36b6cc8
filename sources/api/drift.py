"""What has changed in a live system's fields since the mapping was written."""

from __future__ import annotations

from collections.abc import Mapping

from sources.api.connector import SourceField
from sources.errors import RetypedColumnError
from sources.mapping.contract import ColumnType
from sources.mapping.expressions import ColumnExpression
from sources.mapping.mapping import DatasetMapping
from sources.tables import find_columns

_CAN_BECOME: Mapping[ColumnType, frozenset[ColumnType]] = {
    "numeric": frozenset({"numeric", "integer", "text"}),
    "integer": frozenset({"integer", "numeric", "text"}),
    "boolean": frozenset({"boolean", "integer", "numeric", "text"}),
    "date": frozenset({"date", "timestamptz", "text"}),
    "timestamptz": frozenset({"timestamptz", "date", "text"}),
}


def refuse_changed(dataset: DatasetMapping, fields: Mapping[str, SourceField], *, thing: str) -> None:
    """Raise MissingColumnError, RenamedColumnError or RetypedColumnError when the mapping no longer fits the system."""
    place = f"{thing}, dataset {dataset.name}"
    tops = {column: _top(column, fields) for column in dataset.columns}
    find_columns(list(fields), list(dict.fromkeys(tops.values())), thing=place)
    for entity in dataset.entities:
        for name, expression in entity.fields.items():
            if not isinstance(expression, ColumnExpression) or expression.map or expression.cases:
                continue
            wanted = entity.contract.columns[name].type
            field = fields[tops[expression.column]]
            if field.is_lookup or wanted not in _CAN_BECOME or field.type in _CAN_BECOME[wanted]:
                continue
            raise RetypedColumnError(
                f"{place}, column {expression.column}",
                seen=f"{field.type}" + (f" ({field.source_type})" if field.source_type else ""),
                expected=f"something that can become the {wanted} {entity.entity}.{name}",
                next_step="find out what changed in the source, then correct the field in company.yml",
            )


def _top(column: str, fields: Mapping[str, SourceField]) -> str:
    """Return the field that a path begins with, or the field of a code (`stage__code`)."""
    if column in fields:
        return column
    for end in ("__code", "__label"):
        if column.endswith(end) and column.removesuffix(end) in fields:
            return column.removesuffix(end)
    return column.split(".", maxsplit=1)[0]
