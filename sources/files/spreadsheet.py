"""Spreadsheets (xlsx, xls) as batches of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from sources.files.text_columns import text_of
from sources.tables import BATCH_ROWS, BadFileError, OpenTable, empty_file


def open_spreadsheet(path: Path, *, thing: str, sheet: str | None) -> OpenTable:
    """Open one sheet (the first when not named); its first row is the header, rows without a value are none.

    Raises EmptyFileError, BadFileError.
    """
    import python_calamine as calamine  # only where there are spreadsheets

    if path.stat().st_size == 0:
        raise empty_file(thing, "no content at all")
    try:
        with path.open("rb") as stream:
            book = calamine.CalamineWorkbook.from_filelike(stream)
            names = book.sheet_names
            if sheet is not None and sheet not in names:
                raise BadFileError(
                    thing,
                    seen=f"no sheet {sheet}; its sheets are: {', '.join(names)}",
                    expected=f"a sheet called {sheet}",
                    next_step="correct `sheet` of the dataset in company.yml",
                )
            rows = book.get_sheet_by_name(sheet or names[0]).iter_rows()
    except calamine.PasswordError:
        raise BadFileError(
            thing,
            seen="it is protected by a password",
            expected="an open spreadsheet",
            next_step="save it without a password",
        ) from None
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, IndexError):
        raise BadFileError(
            thing,
            seen=f"it is not a real {path.suffix.lstrip('.')} file",
            expected=f"a spreadsheet, as the suffix {path.suffix} says",
            next_step="save it as a spreadsheet; a CSV or web page with this suffix must get its own suffix",
        ) from None
    header = next(rows, None)
    if not header or not any(text_of(cell) for cell in header):
        raise empty_file(thing, "an empty sheet")
    return OpenTable(tuple(text_of(cell) or "" for cell in header), lambda positions: _batches(rows, positions))


def _batches(rows: Iterator[list[Any]], positions: Sequence[int]) -> Iterator[pa.RecordBatch]:
    names = [f"c{number}" for number in range(1, len(positions) + 1)]
    while block := list(islice(rows, BATCH_ROWS)):
        kept = [row for row in block if any(cell not in ("", None) for cell in row)]
        columns = [pa.array([text_of(row[position]) for row in kept], pa.string()) for position in positions]
        yield pa.record_batch(columns, names=names)
