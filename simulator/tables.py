"""What a table of a simulated system is, and the rows to be written into it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from simulator.draws import Ints

WRITTEN = (("create_date", "timestamptz not null"), ("write_date", "timestamptz not null"))
"""The columns that every table ends with: when a row was written first, and last."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns as (name, type), and its key, if the system has one."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: str | None
    description: str
    schema: str = "erp"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in the order of the table."""
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table as they stand on the last day, with the days they were entered and last changed.

    `values` holds every column but create_date and write_date; `minute` is the minute of the day rows are written at.
    `removed`, where there is any, is the day a row was taken out again; NEVER for most.
    """

    table: Table
    values: dict[str, pa.Array]
    entered: Ints
    changed: Ints
    minute: Ints
    removed: Ints | None = None
