"""Finds what a company's sources point to and none of them delivers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sources.mapping.expressions import ConstantExpression
from sources.mapping.mapping import SourceMapping

# Never merged across sources: a line finds its order, a payment its invoice, in the same source only.
_SAME_SOURCE = {("order_lines", "order_id"), ("payments", "invoice_id")}


@dataclass(frozen=True, slots=True)
class LooseEnd:
    """A column of one source's entity whose ids belong to an entity that is not delivered where it must be."""

    source: str
    entity: str
    column: str
    references: str

    def __str__(self) -> str:
        where = " there" if (self.entity, self.column) in _SAME_SOURCE else ""
        return (
            f"source {self.source}: {self.entity}.{self.column} points to {self.references},"
            f" which no source delivers{where}"
        )


def loose_ends(mappings: Iterable[SourceMapping]) -> tuple[LooseEnd, ...]:
    """Return the columns that point to nothing, of all sources of one company. They do no harm and are of no use."""
    mappings = tuple(mappings)
    delivered = {(mapping.name, entity.entity) for mapping in mappings for entity in mapping.entities}
    anywhere = {entity for _, entity in delivered}
    found = []
    for mapping in mappings:
        for entity in mapping.entities:
            for name, expression in entity.fields.items():
                target = entity.contract.columns[name].references
                if target is None or isinstance(expression, ConstantExpression):
                    continue
                is_there = target in anywhere
                if (entity.entity, name) in _SAME_SOURCE:
                    is_there = (mapping.name, target) in delivered
                if not is_there:
                    found.append(LooseEnd(mapping.name, entity.entity, name, target))
    return tuple(found)
