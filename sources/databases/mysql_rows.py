"""Rows of MySQL or MariaDB as batches of text: the server writes each row as one record of CSV, Arrow cuts it up.

That is one value a row to fetch instead of one a column, which is most of what fetching costs in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from pymysql.constants import FIELD_TYPE

from sources.databases.database import SourceColumn, start_of
from sources.feed import Progress, numbered
from sources.mapping.mapping import DatasetMapping
from sources.tables import BadFileError, refuse_nul
from warehouse.errors import Problem

_FETCHED = 100
_BATCH_BYTES = 8 << 20
_BINARY = 63  # the number of the character set "binary"
_ZERO_DATE = "0000-00-00"

_TYPES = {
    FIELD_TYPE.DECIMAL: ("decimal", "N"),
    FIELD_TYPE.NEWDECIMAL: ("decimal", "N"),
    FIELD_TYPE.TINY: ("tinyint", "N"),
    FIELD_TYPE.SHORT: ("smallint", "N"),
    FIELD_TYPE.INT24: ("mediumint", "N"),
    FIELD_TYPE.LONG: ("int", "N"),
    FIELD_TYPE.LONGLONG: ("bigint", "N"),
    FIELD_TYPE.FLOAT: ("float", "N"),
    FIELD_TYPE.DOUBLE: ("double", "N"),
    FIELD_TYPE.YEAR: ("year", "N"),
    FIELD_TYPE.BIT: ("bit", "N"),
    FIELD_TYPE.DATE: ("date", "D"),
    FIELD_TYPE.NEWDATE: ("date", "D"),
    FIELD_TYPE.DATETIME: ("datetime", "D"),
    FIELD_TYPE.TIMESTAMP: ("timestamp", "D"),
    FIELD_TYPE.TIME: ("time", "T"),
    FIELD_TYPE.JSON: ("json", "U"),
    FIELD_TYPE.GEOMETRY: ("geometry", "U"),
    FIELD_TYPE.ENUM: ("enum", "E"),
    FIELD_TYPE.SET: ("set", "S"),
}


class TooLongRowError(Problem):
    """A row that the server cannot write as one text."""


def source_column(field: Any) -> SourceColumn:
    """Return a column by the protocol's description of it: `name`, `type_code` and `charsetnr`."""
    known = _TYPES.get(field.type_code)
    if known is None:  # CHAR, VARCHAR, TEXT and their binary sisters
        known = ("binary", "U") if field.charsetnr == _BINARY else ("text", "S")
    return SourceColumn(field.name, *known)


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def relation(dataset: DatasetMapping) -> str:
    if dataset.options.table is not None:
        return ".".join(map(quoted, dataset.options.table.split(".")))
    return f"({dataset.options.query}\n) as q"  # the operator's own; its last line may be a comment


class MysqlRows:
    """The rows of one dataset: the query for them, and what its result is in Arrow. `count` grows meanwhile."""

    def __init__(
        self,
        dataset: DatasetMapping,
        columns: Sequence[SourceColumn],
        *,
        what: str,
        thing: str,
        progress: Progress,
        warnings: list[str],
    ) -> None:
        self.dataset, self.columns, self.what, self.thing = dataset, columns, what, thing
        self.count = 0
        self._progress, self._warnings = progress, warnings
        self._zero_dates = dict.fromkeys((column.name for column in columns), 0)
        self._names = [dataset.landed_name(column.name) for column in columns]

    def query(self, *, cursor: SourceColumn | None, watermark: str | None) -> str:
        """Return the select. Of a dataset with a watermark, rows from it on and those without a cursor value."""
        record = ",',',".join(map(_written, self.columns))
        query = f"select concat({record},'') from {relation(self.dataset)}"  # noqa: S608 - names are quoted
        if cursor is not None and watermark is not None:
            start = _literal(self.dataset, cursor, watermark)
            query += f" where {quoted(cursor.name)} >= {start} or {quoted(cursor.name)} is null"
        return query

    def batches(self, cursor: Any) -> Iterator[pa.RecordBatch]:
        """Yield numbered batches of what the cursor's query gives. Raises TooLongRowError, BadFileError."""
        waiting: list[bytes] = []
        size = 0
        while records := cursor.fetchmany(_FETCHED):
            for (record,) in records:
                if record is None:
                    raise self._too_long()
                waiting.append(record)
                size += len(record)
            if size >= _BATCH_BYTES:
                yield self._numbered(waiting)
                waiting, size = [], 0
        if waiting:
            yield self._numbered(waiting)
        for name, count in self._zero_dates.items():
            if count:
                self._warnings.append(f"{self.what}: {count:,} values of {name} are {_ZERO_DATE}, taken as missing")

    def _numbered(self, records: list[bytes]) -> pa.RecordBatch:
        records.append(b"")
        table = self._parsed(b"\n".join(records))
        columns = [self._plain(column, table.column(n).chunk(0)) for n, column in enumerate(self.columns)]
        batch = pa.record_batch(columns, names=self._names)
        refuse_nul(
            batch,
            [column.name for column in self.columns],
            thing=self.thing,
            next_step="mend the value in the source, or leave it out with a `query`",
        )
        first, self.count = self.count + 1, self.count + batch.num_rows
        self._progress(f"{self.what}: read {self.count:,} rows")
        return numbered(batch, file_number=1, first_row=first)

    def _parsed(self, text: bytes) -> pa.Table:
        names = [f"p{number}" for number in range(len(self.columns))]
        try:
            return pa_csv.read_csv(
                pa.BufferReader(text),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,  # an empty text is none that is missing
                ),
            ).combine_chunks()
        except pa.ArrowInvalid:
            raise BadFileError(
                self.thing,
                seen=f"a text that is no UTF-8, near row {self.count + 1:,}",
                expected="texts in the character set that their column says",
                next_step="mend the value in the source, or leave it out with a `query`",
            ) from None

    def _plain(self, column: SourceColumn, values: pa.Array) -> pa.Array:
        if column.category == "D":
            is_zero = pc.fill_null(pc.starts_with(values, _ZERO_DATE), fill_value=False)
            count = pc.sum(is_zero).as_py() or 0
            if count:
                self._zero_dates[column.name] += count
                values = pc.if_else(is_zero, pa.scalar(None, pa.string()), values)
        elif column.type == "float":  # as a double it has digits that a float never had
            values = values.cast(pa.float64()).cast(pa.float32()).cast(pa.string())
        return values

    def _too_long(self) -> TooLongRowError:
        return TooLongRowError(
            self.thing,
            seen=f"a row near number {self.count + 1:,} that is larger than the server's max_allowed_packet",
            expected="rows that the server can send",
            next_step="raise max_allowed_packet at the server, or leave the large column out with `columns`",
        )


def _written(column: SourceColumn) -> str:
    """Return SQL for a value in a CSV record: nothing when it is null, in quotes when it is free text."""
    name = quoted(column.name)
    if column.category in ("N", "D", "T"):
        # a float is written with six digits only; a bit field as bytes
        plain = {"float": f"{name} + 0e0", "bit": f"{name} + 0"}.get(column.type, name)
        zone = ",'+00'" if column.type == "timestamp" else ""  # the session's zone is UTC
        return f"coalesce(concat({plain}{zone}),'')"
    if column.type in ("binary", "geometry"):  # as PostgreSQL writes bytes
        return f"coalesce(concat(char(92 using utf8mb4),'x',lower(hex({name}))),'')"
    return f"coalesce(concat('\"',replace(convert({name} using utf8mb4),'\"','\"\"'),'\"'),'')"


def _literal(dataset: DatasetMapping, cursor: SourceColumn, watermark: str) -> str:
    start = start_of(dataset, cursor, watermark)
    if not isinstance(start, str):
        return f"'{start.replace(tzinfo=None).isoformat(sep=' ')}'"  # an offset can only be UTC's
    if cursor.category == "N":
        try:
            return f"{Decimal(start):f}"  # unquoted: large numbers in quotes are compared as doubles
        except InvalidOperation:
            raise Problem(
                f"dataset {dataset.name}, cursor {cursor.name}",
                seen="the last value read is no number, and the column is one now",
                expected="a cursor that keeps its type",
                next_step="correct `cursor` in company.yml",
            ) from None
    return f"convert(0x{start.encode().hex()} using utf8mb4)"
