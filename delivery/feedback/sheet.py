"""A filled spreadsheet as answers: the columns are found by their names, in either language."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from delivery.feedback.answer import Answer, code_at
from delivery.feedback.outcomes import folded, normal
from delivery.phrases import phrases_in

SIZE_LIMIT = 20 * 2**20
_UNPACKED_LIMIT = 50 * 2**20
_ROWS_LIMIT = 20_000
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,4})(\d{1,8})"')
_COLUMNS_LIMIT_LETTERS = 2
"""Column ZZ is the 702nd."""
_HEADER_ROWS = 20
_SAID_LIMIT = 200
COLUMNS = ("row_code", "outcome", "note", "snooze_until")


class UnreadableSheetError(ValueError):
    """Nothing can be read from a file; its text is the code of the reason."""


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the columns of a sheet are; a column that is not there has no place."""

    row: int
    places: dict[str, int]

    def cell(self, row: Sequence[Any], name: str) -> str:
        place = self.places.get(name)
        return "" if place is None or place >= len(row) else _text(row[place])


def read_sheet(content: bytes) -> list[Answer]:
    """Return the answers of a workbook, of all its sheets in order; a row without an answer is none.

    Raises UnreadableSheetError: too_large, no_sheet (no spreadsheet, or one with a password), no_columns.
    """
    import python_calamine as calamine  # only where there are spreadsheets

    _refuse_bombs(content)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        pages = [book.get_sheet_by_name(name) for name in book.sheet_names]
        # the first rows that are empty are left out
        sheets = [((page.start or (0, 0))[0], page.to_python(nrows=_ROWS_LIMIT)) for page in pages]
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, calamine.PasswordError, OSError):
        raise UnreadableSheetError("no_sheet") from None
    found = [(header, rows, above) for above, rows in sheets if (header := _header(rows)) is not None]
    if not found:
        raise UnreadableSheetError("no_columns")
    return [answer for header, rows, above in found for answer in _answers(header, rows, above)]


def _refuse_bombs(content: bytes) -> None:
    """Refuse a file that is small and would not be in memory, where a sheet has all cells up to its last one."""
    if len(content) > SIZE_LIMIT:
        raise UnreadableSheetError("too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            is_large = sum(part.file_size for part in packed.infolist()) > _UNPACKED_LIMIT or any(
                _is_far_out(packed.read(part)) for part in packed.namelist() if part.startswith("xl/worksheets/")
            )
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error):
        raise UnreadableSheetError("no_sheet") from None
    if is_large:
        raise UnreadableSheetError("too_large")


def _is_far_out(sheet: bytes) -> bool:
    return any(int(row) > _ROWS_LIMIT or len(column) > _COLUMNS_LIMIT_LETTERS for column, row in _CELL.findall(sheet))


def _header(rows: list[list[Any]]) -> _Header | None:
    """Return the last of the first rows that names code and outcome: a hidden technical one may come first."""
    found = None
    for number, row in enumerate(rows[:_HEADER_ROWS]):
        places: dict[str, int] = {}
        for place, cell in enumerate(row):
            name = _titles().get(folded(_text(cell)))
            if name is not None:
                places.setdefault(name, place)
        if "row_code" in places and "outcome" in places:
            found = _Header(number, places)
    return found


def _answers(header: _Header, rows: list[list[Any]], above: int) -> Iterator[Answer]:
    for number, row in enumerate(rows[header.row + 1 :], start=above + header.row + 2):
        code, outcome, note, snooze = (header.cell(row, name) for name in COLUMNS)
        if not (outcome or note or snooze):
            continue
        found = code_at(code)
        shown = " | ".join(each for each in (code, outcome, note, snooze) if each)
        yield Answer(
            place=number,
            code=found[0] if found and not found[1] else None,
            words=outcome,
            note=note,
            snooze=snooze,
            said=shown[:_SAID_LIMIT],
        )


def _text(cell: Any) -> str:
    """Return a cell as a person would write it: days as 2026-12-01, whole numbers without a point."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return normal(str(cell))


@cache
def _titles() -> dict[str, str]:
    """Return which column a header names: the technical names, and the titles in both languages."""
    titles = {name: name for name in COLUMNS}
    for language in ("en", "zh"):
        for kind in ("churn_list", "feedback"):
            for name, title in phrases_in(language, kind).columns.items():
                if name in COLUMNS:
                    titles[folded(title)] = name
    return titles
