"""One model of a Tryton, as an id walk asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sources.api.id_walk import Conditions, Row
from sources.tryton.calls import Calls

_BY_ID = [["id", "ASC"]]


@dataclass(frozen=True, slots=True)
class TrytonTable:
    """A Table: a model."""

    calls: Calls
    source: str
    model: str

    @property
    def thing(self) -> str:
        """Name it in errors."""
        return f"{self.source}, model {self.model}"

    def ids(self, conditions: Conditions, limit: int) -> tuple[Sequence[int], datetime | None]:
        """Return the first ids in their order, and the server's own clock."""
        reply = self.calls.call(self.model, "search", conditions, 0, limit, _BY_ID)
        return reply.value, reply.answered_at

    def count(self, conditions: Conditions) -> int:
        """Return how many rows there are."""
        return int(self.calls.call(self.model, "search_count", conditions).value)

    def rows(self, conditions: Conditions, fields: Sequence[str]) -> Sequence[Row]:
        """Return rows, each with its id."""
        found: Sequence[Row] = self.calls.call(
            self.model, "search_read", conditions, 0, None, _BY_ID, list(fields)
        ).value
        return found
