"""What a source hands to the landing: numbered rows of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from sources.mapping.mapping import DatasetMapping

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Feed:
    """The rows of one dataset, once: `batches` can be gone through a single time.

    Each batch has file_number (int32), row_number (int64, from 1 in each file) and the dataset's columns as
    text, c1, c2, …; with `has_only_keys` just the key columns, by the same names. `row_counts` fills, by file
    number, while the batches are drawn.
    """

    dataset: DatasetMapping
    batches: Iterator[pa.RecordBatch]
    row_counts: dict[int, int] = field(default_factory=dict)
    has_only_keys: bool = False

    @property
    def table(self) -> str:
        """The name of the landing table."""
        return self.dataset.keys_table if self.has_only_keys else self.dataset.table

    @property
    def columns(self) -> list[str]:
        """The names of the landing table's columns of text, in the batches' order."""
        columns = self.dataset.key_columns if self.has_only_keys else self.dataset.columns
        return [self.dataset.landed_name(column) for column in columns]


def numbered(batch: pa.RecordBatch, *, file_number: int, first_row: int) -> pa.RecordBatch:
    """Return a batch with its file's number and its rows' numbers before the other columns."""
    count = batch.num_rows
    file_numbers = pa.repeat(pa.scalar(file_number, pa.int32()), count)
    row_numbers = pa.array(np.arange(first_row, first_row + count, dtype=np.int64))
    return pa.record_batch(
        [file_numbers, row_numbers, *batch.columns], names=["file_number", "row_number", *batch.schema.names]
    )
