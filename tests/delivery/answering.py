"""Lists that are live, and the answers to them, as the tests of feedback need them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import xlsxwriter
from psycopg.rows import dict_row

from delivery.feedback.answer import Answer, Document
from delivery.feedback.crm import row_code
from delivery.feedback.intake import Clerk, Inbox, Intake
from delivery.feedback.outcomes import read_outcomes
from tests.delivery.conftest import AS_OF, NOW, Publisher
from warehouse.company import Company

OUTCOMES = read_outcomes()


@dataclass(slots=True)
class Tray:
    """An inbox that holds what a test lays into it."""

    held: list[Document]
    put_away: list[tuple[str, bool]] = field(default_factory=list)

    def documents(self) -> Iterator[Document]:
        yield from self.held

    def done(self, document: Document, *, is_clean: bool) -> None:
        self.put_away.append((document.reference, is_clean))


def a_document(*answers: tuple[str, str], reference: str = "mail 1", sender: str | None = "ann@example.test",
               **changes: Any) -> Document:  # fmt: skip
    """A mail of Ann's with answers: code and words."""
    lines = tuple(Answer(place, code, words, said=f"{code} {words}") for place, (code, words) in enumerate(answers, 1))
    values: dict[str, Any] = {"channel": "mail", "label": "a mail", "answers": lines, "sender": sender} | changes
    return Document(reference, **values)


def take_in(
    mailer: psycopg.Connection, company: Company, gen: int, inbox: Inbox, *, is_trial: bool = False,
    now: datetime = NOW,
) -> Intake:  # fmt: skip
    intake = Intake()
    clerk = Clerk.at_work(mailer, company=company, gen=gen, as_of=AS_OF, now=now, outcomes=OUTCOMES, is_trial=is_trial)
    clerk.take_in(inbox, intake, progress=lambda _: None)
    return intake


def kept(publisher: Publisher) -> list[dict[str, Any]]:
    """Every answer that was kept, in order."""
    with publisher.connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from ops.feedback order by feedback_id").fetchall()
    publisher.connection.commit()
    return rows


def code(manager: str, account: str) -> str:
    return row_code(manager, account)


def a_sheet(header: Iterable[str], *rows: Iterable[Any], before: int = 0, sheet: str = "List") -> bytes:
    """A workbook as a person fills it in."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        page = workbook.add_worksheet(sheet)
        for number, row in enumerate([header, *rows], start=before):
            for place, cell in enumerate(row):
                page.write(number, place, cell)
    return buffer.getvalue()
