"""The spreadsheet of a list: values and text only, nothing that a spreadsheet program would run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import xlsxwriter

from delivery.letter import Letter, ListRow
from delivery.phrases import Phrases, phrases_in
from delivery.safe_text import clean, looks_like_formula

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_LONG = 2000
_HEADER = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E5F", "text_wrap": True, "valign": "vcenter"}

Value = str | int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet: its header in the catalogue, how wide, how a value is taken and shown."""

    name: str
    width: float
    value: Callable[[ListRow, Phrases], Value]
    number_format: str = "General"


def _reason(position: int) -> Callable[[ListRow, Phrases], Value]:
    return lambda row, _: row.reasons[position] if position < len(row.reasons) else None


COLUMNS = (
    Column("rank", 7, lambda row, _: row.rank, "0"),
    Column("account_id", 14, lambda row, _: row.account_id),
    Column("account_name", 32, lambda row, _: row.account_name),
    Column("is_new", 7, lambda row, phrases: phrases.say("is_yes" if row.is_new else "is_no")),
    Column("band", 12, lambda row, _: row.band),
    Column("churn_probability", 9, lambda row, _: row.churn_probability, "0%"),
    Column("expected_loss_amount", 16, lambda row, _: row.expected_loss_amount, "#,##0"),
    Column("net_revenue_365d_amount", 18, lambda row, _: row.net_revenue_365d_amount, "#,##0"),
    Column("days_since_last_order", 13, lambda row, _: row.days_since_last_order, "0"),
    Column("typical_gap_days", 13, lambda row, _: row.typical_gap_days, "0"),
    Column("stage", 14, lambda row, _: row.stage),
    Column("abc_class", 8, lambda row, _: row.abc_class),
    Column("reason_1", 44, _reason(0)),
    Column("reason_2", 44, _reason(1)),
    Column("reason_3", 44, _reason(2)),
    Column("play", 24, lambda row, _: row.play),
    Column("play_steps", 60, lambda row, _: row.play_steps),
)


def write_workbook(letter: Letter) -> bytes:
    """Return the list as an .xlsx file. Equal letters give equal bytes."""
    phrases = phrases_in(letter.language)
    buffer = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as workbook:
        workbook.set_properties({"created": letter.made_at.replace(tzinfo=None, microsecond=0)})
        _write_list(workbook, letter, phrases)
        _write_about(workbook, letter, phrases)
    return buffer.getvalue()


def _write_list(workbook: Workbook, letter: Letter, phrases: Phrases) -> None:
    sheet = workbook.add_worksheet(phrases.say("sheet_list"))
    header = workbook.add_format(_HEADER)
    plain = {each.name: workbook.add_format(_look(each)) for each in COLUMNS}
    quoted = {each.name: workbook.add_format(_look(each) | {"quote_prefix": True}) for each in COLUMNS}
    for position, column in enumerate(COLUMNS):
        sheet.set_column(position, position, column.width)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, len(letter.rows), len(COLUMNS) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_row(0, 32)
    for position, column in enumerate(COLUMNS):
        title = phrases.columns[column.name].format_map({"currency": letter.currency})
        _write_text(sheet, 0, position, title, plain=header, quoted=header)
    for line, row in enumerate(letter.rows, start=1):
        for position, column in enumerate(COLUMNS):
            value = column.value(row, phrases)
            looks = {"plain": plain[column.name], "quoted": quoted[column.name]}
            if isinstance(value, str):
                _write_text(sheet, line, position, value, **looks)
            elif value is not None:
                sheet.write_number(line, position, float(value), plain[column.name])


def _write_about(workbook: Workbook, letter: Letter, phrases: Phrases) -> None:
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
        (phrases.say("made_by"), phrases.method(letter.method_code)),
        (phrases.say("expected_loss"), phrases.say("footer" if letter.method_code == "model" else "footer_rule")),
    )
    for line, (title, text) in enumerate(facts):
        _write_text(sheet, line, 0, title, plain=name, quoted=name)
        _write_text(sheet, line, 1, text, plain=value, quoted=quoted)


def _look(column: Column) -> dict[str, Any]:
    return {"num_format": column.number_format, "valign": "top", "text_wrap": column.width > 30}  # noqa: PLR2004


def _write_text(sheet: Worksheet, row: int, column: int, value: str, *, plain: Format, quoted: Format) -> None:
    """Write text as text. What begins like a formula stays text also when a person edits the cell."""
    text = clean(value, limit=_LONG)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such a text for its own rich-text XML and would put it into the sheet unescaped.
        text += " "
    if text:
        sheet.write_string(row, column, text, quoted if looks_like_formula(text) else plain)
