"""The files of a source: which there are, which are still to be read, and their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from sources.feed import Feed, Progress, numbered
from sources.files.csv_file import encodings_that_show, open_csv
from sources.files.parquet_file import open_parquet
from sources.files.spreadsheet import open_spreadsheet
from sources.files.store import FileStore, MissingDataError, StoredFile
from sources.mapping.mapping import DatasetMapping
from sources.tables import BadFileError, OpenTable, WrongEncodingError, empty_file, find_columns, refuse_nul


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a dataset. `sha256` is of its content, or of what its store says of it."""

    number: int
    stored: StoredFile
    sha256: str

    @property
    def name(self) -> str:
        return self.stored.name


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """What the ledger knows of a file: its content when it was last read, up to which day, and what was left."""

    sha256: str
    fingerprint: str
    as_of: date
    held_back_count: int
    first_held_back: date | None


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file to read. Its rows up to the end of day `loaded_through` are in the warehouse already."""

    file: SourceFile
    loaded_through: date | None


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What to read of a dataset. `held_back_count` counts rows of unread files that wait for their day."""

    to_read: tuple[FileToRead, ...]
    held_back_count: int


def list_files(dataset: DatasetMapping, store: FileStore, *, thing: str) -> tuple[SourceFile, ...]:
    """Return a dataset's files by name. Raises MissingDataError when no file matches."""
    files = store.matching(dataset.options.files)
    if not files:
        raise MissingDataError(
            thing,
            seen=f"no file matches {', '.join(dataset.options.files)} in {store}",
            expected="at least one file",
            next_step="put the files there, or correct `files` of the dataset in company.yml",
        )
    return tuple(SourceFile(number, file, store.identity(file)) for number, file in enumerate(files, start=1))


def plan_files(
    files: Sequence[SourceFile], read_before: dict[str, ReadBefore], *, dataset: DatasetMapping, as_of: date
) -> FilePlan:
    """Leave out files that were read unchanged and have nothing new for the day.

    Only in append mode: of a full dataset every file belongs to every extract.
    """
    to_read, held_back = [], 0
    for file in files:
        before = read_before.get(file.name)
        same = (
            before is not None
            and not dataset.is_full
            and (before.sha256, before.fingerprint) == (file.sha256, dataset.fingerprint)
        )
        if before is None or not same:
            to_read.append(FileToRead(file, None))
        elif before.first_held_back is not None and before.first_held_back <= as_of:
            to_read.append(FileToRead(file, before.as_of))
        else:
            held_back += before.held_back_count
    return FilePlan(tuple(to_read), held_back)


def file_feed(
    dataset: DatasetMapping,
    files: Sequence[SourceFile],
    store: FileStore,
    *,
    source: str,
    progress: Progress,
    headers: dict[str, bool],
) -> Feed:
    """Return the rows of these files.

    While they are drawn the names of their columns go into `headers`, each with whether one text can hold its values.
    Drawing raises the problems of sources.tables, and those of the store.
    """
    row_counts: dict[int, int] = {}

    def rows_of(file: SourceFile) -> Iterator[pa.RecordBatch]:
        thing = f"{file.name} of source {source}"
        with store.copied(file.stored) as path:
            table = _open(path, dataset, thing=thing)
            positions = _positions(table, path, dataset, thing=thing)
            names = [name.strip() for name in table.header]
            headers.update((name, name not in table.untold) for name in names if name)
            kept = {name: names.index(name) for name in dataset.kept if name in names and name not in table.untold}
            row_counts[file.number] = 0
            for read in table.read([*positions, *kept.values()]):
                batch = _with_absent(read, dataset, kept)
                refuse_nul(
                    batch,
                    dataset.columns,
                    thing=thing,
                    next_step="if the file is UTF-16, write `encoding: utf-16` in company.yml; else export it again",
                )
                first_row = row_counts[file.number] + 1
                row_counts[file.number] += batch.num_rows
                yield numbered(batch, file_number=file.number, first_row=first_row)
        if row_counts[file.number] == 0:
            raise empty_file(thing, "a header and no row")

    def batches() -> Iterator[pa.RecordBatch]:
        for count, file in enumerate(files, start=1):
            yield from rows_of(file)
            progress(f"{source}: read {count} of {len(files)} files, {sum(row_counts.values()):,} rows")

    return Feed(dataset, batches(), row_counts)


def _with_absent(batch: pa.RecordBatch, dataset: DatasetMapping, kept: Collection[str]) -> pa.RecordBatch:
    """Return a batch with all columns of its dataset; one of those kept that this file has not is without a value."""
    if len(kept) == len(dataset.kept):
        return batch
    mapped = batch.num_columns - len(kept)
    found = dict(zip(kept, batch.columns[mapped:], strict=True))
    nothing = pa.nulls(batch.num_rows, pa.string())
    columns = [*batch.columns[:mapped], *(found.get(name, nothing) for name in dataset.kept)]
    return pa.record_batch(columns, names=[dataset.landed_name(name) for name in dataset.columns])


def _open(path: Path, dataset: DatasetMapping, *, thing: str) -> OpenTable:
    options = dataset.options
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return open_csv(path, thing=thing, encoding=options.encoding, delimiter=options.delimiter)
    if name.endswith((".xlsx", ".xls")):
        return open_spreadsheet(path, thing=thing, sheet=options.sheet)
    if name.endswith(".parquet"):
        return open_parquet(path, thing=thing)
    raise BadFileError(
        thing,
        seen=f"suffix {path.suffix or '(none)'}",
        expected="csv, csv.gz, xlsx, xls or parquet",
        next_step="save the file in one of these formats, or narrow `files` in company.yml",
    )


def _positions(table: OpenTable, path: Path, dataset: DatasetMapping, *, thing: str) -> list[int]:
    """Return where the columns that the mapping names stand; those that are only kept may be missing."""
    named = (dataset.mapped or dataset).columns
    is_csv = path.name.lower().endswith((".csv", ".csv.gz"))
    if is_csv and not set(named) <= {name.strip() for name in table.header}:
        options = dataset.options
        others = encodings_that_show(path, named, delimiter=options.delimiter)
        if others and options.encoding not in others:
            raise WrongEncodingError(
                thing,
                seen=f"a header that makes sense in {' and '.join(others)} only",
                expected=options.encoding,
                next_step=f"write `encoding: {others[0]}` for the dataset in company.yml",
            )
    hint = f"is {dataset.options.delimiter!r} the delimiter?" if is_csv and len(table.header) == 1 else None
    return find_columns(table.header, named, thing=thing, hint=hint)
