"""What a source's database can do, whichever it is: tell its columns, give its rows as of one moment, be tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sources.api.connector import Finding
from sources.errors import RetypedColumnError
from sources.feed import Feed, Progress
from sources.mapping.expressions import ColumnExpression
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.tables import find_columns
from warehouse.errors import Problem

# What a source column can become, by category: text (S) and enums (E) can become anything.
_SOURCES_OF = {
    "numeric": "NSE",
    "integer": "NSE",
    "boolean": "BNSE",
    "date": "DSE",
    "timestamptz": "DSE",
    "text": "",  # anything can be text
    "jsonb": "",
}
_TEXTS = frozenset({"uuid", "json", "jsonb"})  # of a special type, but what people write
_CATEGORY_NAMES = {"N": "a number", "D": "a date or time", "B": "a boolean", "S": "text", "U": "a special type"}


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as the source has it. `category` is PostgreSQL's pg_type.typcategory, in every database."""

    name: str
    type: str
    category: str

    @property
    def is_time(self) -> bool:
        return self.category == "D"

    @property
    def may_be_kept(self) -> bool:
        """Say whether it is kept when it is new and nothing is mapped to it: bytes and shapes are not."""
        return self.category != "U" or self.type in _TEXTS


CATALOGUE = """
    select concat(table_schema, '.', table_name), column_name, data_type from information_schema.columns
    where lower(table_schema) not in ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys')
    order by table_schema, table_name, ordinal_position
"""
"""A query that every database of these kinds understands."""

Columns = Mapping[str, Mapping[str, SourceColumn]]
"""By dataset, what its table or query has, by name."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How many rows a dataset has now, and the newest value of its cursor."""

    count: int
    newest: str | None


class Inspection(Protocol):
    """A read-only connection for questions about the shape. `greeting` names the server's version and its TLS."""

    @property
    def greeting(self) -> str: ...

    def catalogue(self) -> list[tuple[str, str, str]]:
        """Return what CATALOGUE gives: of every column this user sees, its table, its name and its type."""
        ...

    def columns_of(self, dataset: DatasetMapping) -> dict[str, SourceColumn]:
        """Return the columns of a dataset's table or query. Raises MissingTableError, MissingColumnError, Problem."""
        ...

    def measure(self, dataset: DatasetMapping) -> Measure:
        """Count a dataset's rows. Raises what columns_of raises."""
        ...


class Snapshot(Protocol):
    """One moment of a database. All its feeds are of that moment; they are drawn one after the other, inside."""

    def feeds(self, watermarks: Mapping[str, str | None]) -> list[Feed]:
        """Return a feed for each dataset.

        `watermarks`: by dataset, the newest cursor value already read; its rows and the lookback before it are
        read again.
        """
        ...

    def key_feeds(self) -> list[Feed]:
        """Return, for each dataset that is swept, a feed of all its rows with their key columns only."""
        ...


class SourceDatabase(Protocol):
    """A database to read from. Everything may raise SourceUnreachableError; no text holds a secret or a value."""

    @property
    def mapping(self) -> SourceMapping: ...

    @property
    def thing(self) -> str: ...

    def inspected(self) -> AbstractContextManager[Inspection]: ...

    def snapshot(
        self, columns: Columns, *, progress: Progress, warnings: list[str]
    ) -> AbstractContextManager[Snapshot]: ...

    def test(self) -> Iterator[Finding]:
        """Yield what works and what does not: the server, then each dataset's columns, rows and newest cursor."""
        ...


def refuse_changed(thing: str, dataset: DatasetMapping, columns: Mapping[str, SourceColumn]) -> None:
    """Raise MissingColumnError, RenamedColumnError or RetypedColumnError when the mapping no longer fits."""
    thing = f"{thing}, dataset {dataset.name}"
    find_columns(list(columns), dataset.columns, thing=thing)
    for entity in dataset.entities:
        for name, expression in entity.fields.items():
            if not isinstance(expression, ColumnExpression) or expression.map or expression.cases:
                continue
            wanted = entity.contract.columns[name].type
            column = columns[expression.column]
            if _SOURCES_OF[wanted] and column.category not in _SOURCES_OF[wanted]:
                raise RetypedColumnError(
                    f"{thing}, column {column.name}",
                    seen=f"{_CATEGORY_NAMES.get(column.category, 'another type')} ({column.type})",
                    expected=f"something that can become the {wanted} {entity.entity}.{name}",
                    next_step="find out what changed in the source, then correct the field in company.yml",
                )


def start_of(dataset: DatasetMapping, column: SourceColumn, watermark: str) -> str | datetime:
    """Return where to begin to read: the watermark, and of a time the lookback before it."""
    if not column.is_time:
        return watermark
    moment = datetime.fromisoformat(watermark)  # with an offset just when the column has one
    return moment - timedelta(days=dataset.options.lookback_days)


def findings_of(database: SourceDatabase) -> Iterator[Finding]:
    """Yield a test's findings: what is wrong ends that part, and the next one is looked at."""
    try:
        with database.inspected() as inspection:
            yield Finding(database.thing, is_well=True, told=inspection.greeting)
            for dataset in database.mapping.datasets:
                what = f"dataset {dataset.name}"
                try:
                    columns = inspection.columns_of(dataset)
                    refuse_changed(database.thing, dataset, columns)
                    measure = inspection.measure(dataset)
                except Problem as problem:
                    yield Finding(what, is_well=False, told=problem.seen, next_step=problem.next_step)
                    continue
                newest = f", newest {dataset.options.cursor} {measure.newest}" if dataset.options.cursor else ""
                yield Finding(what, is_well=True, told=f"{measure.count:,} rows, {len(columns)} columns{newest}")
    except Problem as problem:
        yield Finding(database.thing, is_well=False, told=problem.seen, next_step=problem.next_step)
