"""The spreadsheet of a letter: values and text only, nothing that a spreadsheet program would run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import xlsxwriter

from delivery.safe_text import LONG_LIMIT, clean, looks_like_formula

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from delivery.letter import Letter
    from delivery.phrases import Phrases

_CHOICES_COLUMN, _CHOICES_AT = 3, "D"
_HEADER = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E5F", "text_wrap": True, "valign": "vcenter"}

Value = str | int | float | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet: its header in the catalogue, how wide, how a value of a line is taken and shown.

    In a column of `choices` a person picks one of the sheet's.
    """

    name: str
    width: float
    value: Callable[[Any, Phrases], Value]
    number_format: str = "General"
    choices: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a spreadsheet holds: lines under columns, facts about them as pairs of title and text, words to pick."""

    columns: Sequence[Column]
    lines: Sequence[Any]
    facts: Iterable[tuple[str, str]]
    choices: Sequence[str] = ()


def write_workbook(letter: Letter, phrases: Phrases, sheet: Sheet) -> bytes:
    """Return the list as an .xlsx file. Equal arguments give equal bytes."""
    buffer = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as workbook:
        workbook.set_properties({"created": letter.made_at.replace(tzinfo=None, microsecond=0)})
        _write_list(workbook, letter, phrases, sheet)
        _write_about(workbook, letter, phrases, sheet)
    return buffer.getvalue()


def _write_list(workbook: Workbook, letter: Letter, phrases: Phrases, content: Sheet) -> None:
    columns = content.columns
    sheet = workbook.add_worksheet(phrases.say("sheet_list"))
    header = workbook.add_format(_HEADER)
    plain = {each.name: workbook.add_format(_look(each)) for each in columns}
    quoted = {each.name: workbook.add_format(_look(each) | {"quote_prefix": True}) for each in columns}
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, len(content.lines), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_row(0, 32)
    for position, column in enumerate(columns):
        title = phrases.columns[column.name].format_map({"currency": letter.currency})
        _write_text(sheet, 0, position, title, plain=header, quoted=header)
        if column.choices and content.choices:
            # they stand in cells: a list within the rule may not be longer than 255 letters, nor have a comma in a word
            about = phrases.say("sheet_about").replace("'", "''")
            source = f"='{about}'!${_CHOICES_AT}$1:${_CHOICES_AT}${len(content.choices)}"
            rule = {"validate": "list", "source": source, "error_type": "warning"}
            sheet.data_validation(1, position, max(1, len(content.lines)), position, rule)
    for number, line in enumerate(content.lines, start=1):
        for position, column in enumerate(columns):
            value = column.value(line, phrases)
            look = plain[column.name]
            if isinstance(value, str):
                _write_text(sheet, number, position, value, plain=look, quoted=quoted[column.name])
            elif isinstance(value, date):
                sheet.write_datetime(number, position, value, look)
            elif value is not None:
                sheet.write_number(number, position, float(value), look)
            elif column.number_format != "General":
                sheet.write_blank(number, position, None, look)


def _write_about(workbook: Workbook, letter: Letter, phrases: Phrases, content: Sheet) -> None:
    sheet = workbook.add_worksheet(phrases.say("sheet_about"))
    name = workbook.add_format({"bold": True, "valign": "top"})
    value = workbook.add_format({"text_wrap": True, "valign": "top"})
    quoted = workbook.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    facts = (
        (phrases.say("as_of"), f"{letter.as_of} ({phrases.days('age', letter.data_age_days)})"),
        *((phrases.say("sources"), phrases.stale_source(each)) for each in letter.stale_sources),
        (phrases.say("generation"), str(letter.gen)),
        (phrases.say("made_at"), f"{letter.made_at:%Y-%m-%d %H:%M} ({letter.made_at.tzinfo})"),
        *content.facts,
    )
    written = list(facts)
    for line in range(max(len(written), len(content.choices))):
        if line < len(written):
            title, text = written[line]
            _write_text(sheet, line, 0, title, plain=name, quoted=name)
            _write_text(sheet, line, 1, text, plain=value, quoted=quoted)
        if line < len(content.choices):
            _write_text(sheet, line, _CHOICES_COLUMN, content.choices[line], plain=value, quoted=quoted)


def _look(column: Column) -> dict[str, Any]:
    return {"num_format": column.number_format, "valign": "top", "text_wrap": column.width > 30}  # noqa: PLR2004


def _write_text(sheet: Worksheet, row: int, column: int, value: str, *, plain: Format, quoted: Format) -> None:
    """Write text as text. What begins like a formula stays text also when a person edits the cell."""
    text = clean(value, limit=LONG_LIMIT)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such a text for its own rich-text XML and would put it into the sheet unescaped.
        text += " "
    if text:
        sheet.write_string(row, column, text, quoted if looks_like_formula(text) else plain)
