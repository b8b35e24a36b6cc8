"""A letter as an e-mail: text, HTML and a spreadsheet. Equal arguments give equal bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from delivery.letter import Letter, ListRow
from delivery.managers import Language, typed_address
from delivery.phrases import Phrases, phrases_in
from delivery.safe_text import clean, file_name
from delivery.workbook import write_workbook

_TEMPLATES = Path(__file__).parent / "templates"
_SHEET = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_STALE_FROM_DAYS = 3
_LONG = 2000


def render_mail(
    letter: Letter, *, sender: str, recipient: str, message_id: str, sent_on: datetime, is_copy: bool = False
) -> EmailMessage:
    """Return the mail of a letter.

    `sent_on` becomes the Date header: give the moment of publication, so that a later try is the same mail.
    A copy differs in its subject alone. Raises ValueError when sender or recipient is not one plain address.
    """
    letter = _cleaned(letter)
    phrases = phrases_in(letter.language)
    subject = subject_of(letter, is_copy=False)
    message = EmailMessage(policy=SMTP)
    message["From"] = typed_address(name=f"{letter.company_name} (Guanxi)", email=sender)
    message["To"] = typed_address(name=letter.manager.name, email=recipient)
    message["Subject"] = subject_of(letter, is_copy=is_copy)
    message["Date"] = format_datetime(sent_on.astimezone(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message["Content-Language"] = letter.language
    values = {
        "letter": letter,
        "phrases": phrases,
        "subject": subject,
        "is_stale": letter.data_age_days >= _STALE_FROM_DAYS,
    }
    templates = _templates(letter.language, letter.currency)
    message.set_content(templates.get_template("list.txt").render(values))
    message.add_alternative(templates.get_template("list.html").render(values), subtype="html")
    message.add_attachment(
        write_workbook(letter),
        maintype=_SHEET[0],
        subtype=_SHEET[1],
        filename=file_name(f"{letter.company_id}_churn_list_{letter.as_of}", suffix=".xlsx"),
    )
    _fix_boundaries(message, message_id)
    return message


def subject_of(letter: Letter, *, is_copy: bool) -> str:
    """Return the subject: the day and how many, never a customer's name."""
    phrases = phrases_in(letter.language)
    name = "subject_one" if len(letter.rows) == 1 else "subject"
    subject = phrases.say(name, as_of=letter.as_of, count=len(letter.rows))
    return f"{phrases.say('copy')} {subject}" if is_copy else subject


def fingerprint(message: EmailMessage) -> str:
    """Return the SHA-256 of a rendered mail."""
    return hashlib.sha256(message.as_bytes()).hexdigest()


def _cleaned(letter: Letter) -> Letter:
    rows = tuple(
        replace(
            row,
            account_id=clean(row.account_id),
            account_name=_clean_or_none(row.account_name),
            stage=_clean_or_none(row.stage),
            abc_class=_clean_or_none(row.abc_class),
            band=_clean_or_none(row.band),
            reasons=tuple(clean(each, limit=_LONG) for each in row.reasons),
            play=_clean_or_none(row.play),
            play_steps=None if row.play_steps is None else clean(row.play_steps, limit=_LONG),
        )
        for row in letter.rows
    )
    manager = replace(letter.manager, name=clean(letter.manager.name) or letter.manager.account_manager_id)
    return replace(letter, rows=rows, manager=manager, company_name=clean(letter.company_name))


def _clean_or_none(value: str | None) -> str | None:
    return None if value is None else clean(value) or None


@cache
def _templates(language: Language, currency: str) -> Environment:
    phrases = phrases_in(language)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = money_in(currency)
    environment.filters["moment"] = _moment
    environment.filters["figures"] = lambda row, with_loss=True: figures(row, phrases, currency, with_loss=with_loss)
    environment.filters["rhythm"] = lambda row: rhythm(row, phrases)
    return environment


def money_in(currency: str) -> Callable[[Decimal | None], str]:
    """Return a function that writes an amount in whole units, with its currency; none is a dash."""

    def money(amount: Decimal | None) -> str:
        if amount is None:
            return "–"
        return f"{currency} {amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN):,}"

    return money


def percent(probability: float) -> str:
    """Return a probability as whole per cent; what is not certain is never shown as 0 or 100."""
    if 0 < probability < 0.01:  # noqa: PLR2004
        return "<1 %"
    if 0.99 < probability < 1:  # noqa: PLR2004
        return ">99 %"
    return f"{probability:.0%}".replace("%", " %")


def figures(row: ListRow, phrases: Phrases, currency: str, *, with_loss: bool) -> list[str]:
    """Return the figures of an account as short texts, without those that are not known."""
    money = money_in(currency)
    risk = row.band or ""
    if row.churn_probability is not None:
        risk = f"{risk} {percent(row.churn_probability)}".strip()
    pairs = (
        ("expected_loss", money(row.expected_loss_amount) if with_loss and row.expected_loss_amount else None),
        ("probability", risk or None),
        ("revenue", None if row.net_revenue_365d_amount is None else money(row.net_revenue_365d_amount)),
        ("abc", row.abc_class),
        ("stage", row.stage),
    )
    return [f"{phrases.say(name)}{phrases.say('colon')}{value}" for name, value in pairs if value]


def rhythm(row: ListRow, phrases: Phrases) -> str:
    """Return how long ago the last order was and how often they usually come; empty when not known."""
    parts = []
    if row.days_since_last_order is not None:
        parts.append(phrases.days("last_order", row.days_since_last_order))
    if row.typical_gap_days is not None:
        parts.append(phrases.days("usual_gap", max(1, round(row.typical_gap_days))))
    return ("，" if phrases.language == "zh" else ", ").join(parts)


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} ({value.tzinfo})"


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """Replace the random MIME boundaries. Base64 and quoted-printable lines cannot hold `=_`."""
    stem = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{stem}_{number}")
