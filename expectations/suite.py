"""What a table's module hands to the gate, and what it may know of the night to do so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Stage = Literal["raw", "marts", "scores"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the suites are made for: one night of one company.

    `mapped` gives each entity that the company delivers the fields it may leave empty. `live_marts` are the
    published marts that a comparison with the live night can read through schema bi (none on the first night).
    `known_before` is the first moment after the night's business day. `own_account_ids` are the sources whose account
    ids are theirs alone.
    """

    gen: int
    as_of: date
    timezone: str
    known_before: str
    currency: str
    freshness_days: int
    mapped: Mapping[str, frozenset[str]]
    build_schema: str
    live_as_of: date | None
    live_marts: frozenset[str]
    band_codes: tuple[str, ...]
    fallback_manager_id: str
    own_account_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The promises of one table.

    `figures` is a query that gives exactly one row of counts and rates; `promises` hold for it. `row_promises`
    hold for the rows of `table` (schema.name) itself.
    """

    name: str
    table: str
    figures: str
    promises: tuple[Any, ...]
    row_promises: tuple[Any, ...] = ()

    @property
    def rows(self) -> str:
        """Return the query of the rows that row_promises are about, with the columns they name and no other."""
        columns = sorted({promise.column for promise in self.row_promises})
        return f"select {', '.join(columns)} from {self.table}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A table that this night has nothing to check for, and why."""

    name: str
    because: str
