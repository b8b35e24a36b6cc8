"""Parquet files as batches of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sources.files.text_columns import as_text, is_plain
from sources.tables import BATCH_ROWS, BadFileError, OpenTable, empty_file


def open_parquet(path: Path, *, thing: str) -> OpenTable:
    """Open a Parquet file. Raises EmptyFileError, BadFileError."""
    if path.stat().st_size == 0:
        raise empty_file(thing, "no content at all")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise BadFileError(
            thing,
            seen="it is not a whole Parquet file",
            expected="a Parquet file, as its name says",
            next_step="copy or export the file again",
        ) from None
    header = tuple(file.schema_arrow.names)

    def read(positions: Sequence[int]) -> Iterator[pa.RecordBatch]:
        names = [header[position] for position in positions]
        targets = [f"c{number}" for number in range(1, len(names) + 1)]
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            columns = []
            for name in names:
                try:
                    columns.append(as_text(batch.column(name)))
                except ValueError as error:
                    raise BadFileError(
                        thing,
                        seen=f"column {name} is of type {error}",
                        expected="a column of single values",
                        next_step="take the column out of the mapping, or flatten it in the export",
                    ) from None
            yield pa.record_batch(columns, names=targets)

    return OpenTable(header, read, frozenset(each.name for each in file.schema_arrow if not is_plain(each.type)))
