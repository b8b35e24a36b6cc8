"""Writes docs/entities.md from the contracts: `python -m sources.mapping.entity_page`, or `make docs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sources.mapping.contract import EXTRA, Column, Contract, SystemKind, SystemObject, load_contracts
from sources.mapping.expressions import (
    ArithmeticExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    HashExpression,
)

FILE = Path("docs/entities.md")
SYSTEMS: Mapping[SystemKind, str] = {
    "zoho_crm": "Zoho CRM",
    "fxiaoke": "FXiaoke 纷享销客",
    "odoo": "Odoo",
    "tryton": "Tryton",
}
_HEAD = """# Canonical entities

What the warehouse understands, whatever the sources are: one section an entity, from its contract in
`sources/contracts/`. Written by `make docs`; a test holds it fresh. [company.md](company.md) says how a source's rows
become these.

*needed* columns may not be empty. *personal* ones reach or judge a person: no mart shows them but in a restricted
column. Every entity has a column `extra` besides, for the company's own fields.

The second table of a section says where known systems keep the entity, and is what a first mapping is written from.
*translated* values are mapped to the words of the contract. An empty cell: the system has no standard field for it. No
table: no known system has a standard object for it, only the company's own.
"""


def entity_page() -> str:
    """Return docs/entities.md: for each entity its columns, and the objects and fields of known systems."""
    return "\n".join([_HEAD, *(line for contract in load_contracts() for line in _section(contract))])


def _section(contract: Contract) -> Iterator[str]:
    yield f"## {contract.entity}"
    yield ""
    event = f" No row may have a later `{contract.event_date}` than the night's day." if contract.event_date else ""
    yield f"{contract.description} Key: {', '.join(f'`{name}`' for name in contract.key)}.{event}"
    yield ""
    yield "| column | type | points to | meaning |"
    yield "|---|---|---|---|"
    for name, column in _columns(contract).items():
        yield f"| `{name}` | {column.type} | {column.references or ''} | {_meaning(column)} |"
    yield ""
    objects = [(kind, each) for kind in SYSTEMS for each in contract.maps.get(kind, ())]
    if objects:
        yield from _systems(contract, objects)


def _columns(contract: Contract) -> dict[str, Column]:
    return {name: column for name, column in contract.columns.items() if name != EXTRA}


def _meaning(column: Column) -> str:
    marks = ["*needed*"] * column.required + ["*personal*"] * column.personal
    values = f" ({', '.join(column.allowed)})" if column.allowed else ""
    return " ".join([*marks, " ".join(column.description.split()) + values])


def _systems(contract: Contract, objects: list[tuple[SystemKind, SystemObject]]) -> Iterator[str]:
    titles = [f"{SYSTEMS[kind]} `{each.object}`" for kind, each in objects]
    yield f"| column | {' | '.join(titles)} |"
    yield "|---" * (len(titles) + 1) + "|"
    for name in _columns(contract):
        cells = [" or ".join(map(_shown, each.fields.get(name, ()))) for _, each in objects]
        if any(cells):
            yield f"| `{name}` | {' | '.join(cells)} |"
    yield ""
    for title, (_, each) in zip(titles, objects, strict=True):
        conditions = [
            f"`{each.column}` "
            + (
                ("is there" if each.present else "is not there")
                if each.present is not None
                else f"matches `{_escaped(each.matches)}`"
                if each.matches is not None
                else f"does not match `{_escaped(each.not_matches)}`"
            )
            for each in each.where
        ]
        remarks = ["Only rows where " + " and ".join(conditions) + "."] * bool(conditions) + [each.note or ""]
        if any(remarks):
            yield f"- {title}: {' '.join(remarks).strip()}"
    if any(each.note or each.where for _, each in objects):
        yield ""


def _shown(expression: Expression) -> str:
    """Return an expression in a few words."""
    if isinstance(expression, ConstantExpression):
        return f"always {expression.value}"
    if isinstance(expression, HashExpression):
        return "a hash of " + ", ".join(map(_shown, expression.hash))
    if isinstance(expression, ArithmeticExpression):
        sign, parts = (
            ("×", expression.multiply)
            if expression.multiply
            else ("+", expression.add)
            if expression.add
            else ("−", expression.subtract)
        )
        return f" {sign} ".join(
            str(part.value) if isinstance(part, ConstantExpression) else _shown(part) for part in parts or ()
        )
    return f"`{expression.column}`" + _how(expression)


def _how(expression: ColumnExpression) -> str:
    how = ", translated" * bool(expression.map or expression.cases)
    if expression.only_where is not None:
        how += f", only some rows by `{expression.only_where.column}`"
    return how


def _escaped(pattern: str | None) -> str:
    return (pattern or "").replace("|", "\\|")


def main() -> None:
    """Write the page."""
    (Path(__file__).parents[2] / FILE).write_text(entity_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
