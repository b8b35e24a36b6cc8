"""One model of an Odoo, as an id walk asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sources.api.id_walk import Conditions, Row
from sources.odoo.doors import Door, Reply


@dataclass(frozen=True, slots=True)
class OdooTable:
    """A Table: a model, always asked in the same context."""

    door: Door
    source: str
    model: str
    context: Mapping[str, Any]

    @property
    def thing(self) -> str:
        """Name it in errors."""
        return f"{self.source}, model {self.model}"

    def ids(self, conditions: Conditions, limit: int) -> tuple[Sequence[int], datetime | None]:
        """Return the first ids in their order, and the server's own clock."""
        reply = self._call("search", domain=conditions, limit=limit, order="id")
        return reply.value, reply.answered_at

    def count(self, conditions: Conditions) -> int:
        """Return how many rows there are."""
        return int(self._call("search_count", domain=conditions).value)

    def rows(self, conditions: Conditions, fields: Sequence[str]) -> Sequence[Row]:
        """Return rows, each with its id."""
        found: Sequence[Row] = self._call("search_read", domain=conditions, fields=list(fields), order="id").value
        return found

    def _call(self, method: str, **arguments: Any) -> Reply:
        return self.door.call(self.model, method, **arguments, context=dict(self.context))
