"""A letter as an e-mail: text, HTML and, where it has one, a spreadsheet. Equal arguments give equal bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from delivery.churn_form import churn_sheet, churn_values
from delivery.churn_letter import ChurnLetter
from delivery.lead_letter import LeadLetter
from delivery.letter import Letter
from delivery.managers import typed_address
from delivery.phrases import Phrases, phrases_in
from delivery.quiet_letter import QuietLetter
from delivery.review_form import review_sheet, review_values
from delivery.review_letter import ReviewLetter
from delivery.safe_text import file_name
from delivery.summary_form import lead_values, quiet_values
from delivery.workbook import Sheet, write_workbook

_TEMPLATES = Path(__file__).parent / "templates"
_SHEET = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_STALE_FROM_DAYS = 3


@dataclass(frozen=True, slots=True)
class _Form:
    """How letters of a kind are written: what their templates use besides, their spreadsheet if they have one."""

    values: Callable[[Any, Phrases], Mapping[str, Any]]
    sheet: Callable[[Any, Phrases], Sheet] | None = None


_FORMS = {
    ChurnLetter.kind: _Form(churn_values, churn_sheet),
    ReviewLetter.kind: _Form(review_values, review_sheet),
    LeadLetter.kind: _Form(lead_values),
    QuietLetter.kind: _Form(quiet_values),
}


def render_mail(
    letter: Letter, *, sender: str, recipient: str, message_id: str, sent_on: datetime, is_copy: bool = False
) -> EmailMessage:
    """Return the mail of a letter.

    `sent_on` becomes the Date header: give the moment of publication, so that a later try is the same mail.
    A copy differs in its subject alone. Raises ValueError when sender or recipient is not one plain address.
    """
    letter = letter.cleaned()
    form = _FORMS[letter.kind]
    phrases = phrases_in(letter.language, letter.kind)
    subject = subject_of(letter, is_copy=False)
    message = EmailMessage(policy=SMTP)
    message["From"] = typed_address(name=f"{letter.company_name} (Guanxi)", email=sender)
    message["To"] = typed_address(name=letter.manager.name, email=recipient)
    message["Subject"] = subject_of(letter, is_copy=is_copy)
    message["Date"] = format_datetime(sent_on.astimezone(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    values = {
        "letter": letter,
        "phrases": phrases,
        "subject": subject,
        "is_stale": letter.data_age_days >= _STALE_FROM_DAYS,
        **form.values(letter, phrases),
    }
    templates = _templates()
    message.set_content(templates.get_template(f"{letter.kind}.txt").render(values))
    message.add_alternative(templates.get_template(f"{letter.kind}.html").render(values), subtype="html")
    if form.sheet is not None:
        message.add_attachment(
            write_workbook(letter, phrases, form.sheet(letter, phrases)),
            maintype=_SHEET[0],
            subtype=_SHEET[1],
            filename=file_name(f"{letter.company_id}_{letter.kind}_{letter.as_of}", suffix=".xlsx"),
        )
    message["Content-Language"] = letter.language  # last: each part takes the content headers that are there before it
    _fix_boundaries(message, message_id)
    return message


def subject_of(letter: Letter, *, is_copy: bool) -> str:
    """Return the subject: the day and how many, never a customer's name."""
    phrases = phrases_in(letter.language, letter.kind)
    subject = phrases.count("subject", letter.told_count, as_of=letter.as_of)
    return f"{phrases.say('copy')} {subject}" if is_copy else subject


def fingerprint(message: EmailMessage) -> str:
    """Return the SHA-256 of a rendered mail."""
    return hashlib.sha256(message.as_bytes()).hexdigest()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    return environment


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} ({value.tzinfo})"


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """Replace the random MIME boundaries. Base64 and quoted-printable lines cannot hold `=_`."""
    stem = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{stem}_{number}")
