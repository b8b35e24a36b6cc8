"""A reply mail as a document: who sent it, and what it answers about which row."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from delivery.feedback.answer import Answer, Document, code_at
from delivery.feedback.outcomes import normal
from delivery.feedback.quoted import Line, is_broken, own_lines, words_of
from delivery.feedback.sheet import UnreadableSheetError, read_sheet
from delivery.managers import is_address

SIZE_LIMIT = 20 * 2**20
_PARTS_LIMIT = 200
_SAID_LIMIT = 200
_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,3}[.)、])?\s*", re.UNICODE)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_IN_BULK = frozenset({"bulk", "junk", "list"})


def read_reply(content: bytes) -> Document:
    """Return a mail as a document; one that a program sent, or that a server did not trust, is ignored.

    The sender's address is what From says: it counts only for rows of that manager. Never raises: what cannot be read
    is a document with a problem.
    """
    reference = f"mail {hashlib.sha256(content).hexdigest()}"
    if len(content) > SIZE_LIMIT:
        return Document(reference, "mail", "a mail", ignored="it is too large")
    try:
        return _read(email.message_from_bytes(content, policy=email.policy.default), reference)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # what the parser makes of a bad mail
        return Document(reference, "mail", "a mail", ignored="it cannot be read")


def _read(mail: EmailMessage, reference: str) -> Document:
    sender = _sender(mail)
    message_id = _message_id(mail)
    if message_id is not None:
        reference = f"mail {hashlib.sha256(f'{message_id}|{sender}'.encode()).hexdigest()}"
    told_at = _sent_at(mail)
    label = f"a mail of {told_at:%Y-%m-%d}" if told_at else "a mail"
    ignored = _why_ignored(mail, sender)
    if ignored:
        return Document(reference, "mail", label, ignored=ignored)
    answers = list(_of_text(mail))
    problem = None
    for sheet in _sheets(mail):
        try:
            answers += read_sheet(sheet)
        except UnreadableSheetError as error:
            problem = str(error)
    if not answers and problem is None:
        problem = "no_answer"
    return Document(
        reference,
        "mail",
        label,
        answers=tuple(answers),
        sender=sender,
        told_at=told_at,
        reply_to=message_id,
        problem=None if answers else problem,
    )


def _sender(mail: EmailMessage) -> str | None:
    header = mail["From"]
    addresses = [each.addr_spec for each in header.addresses] if header is not None else []
    return addresses[0].lower() if len(addresses) == 1 and is_address(addresses[0]) else None


def _raw(mail: EmailMessage, name: str) -> str:
    """Return a header as it stands in the mail: the parser gives up on some that are odd. Empty where there is none."""
    return next((str(value).strip() for key, value in mail.raw_items() if key.lower() == name.lower()), "")


def _message_id(mail: EmailMessage) -> str | None:
    found = _MESSAGE_ID.fullmatch(_raw(mail, "Message-ID"))
    return found[0] if found else None


def _sent_at(mail: EmailMessage) -> datetime | None:
    try:
        moment = parsedate_to_datetime(_raw(mail, "Date"))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None


def _why_ignored(mail: EmailMessage, sender: str | None) -> str | None:
    automatic = str(mail["Auto-Submitted"] or "no").strip().lower()
    if automatic != "no" or mail["X-Autoreply"] or mail["X-Autorespond"]:
        return "a program sent it"
    if str(mail["Precedence"] or "").strip().lower() in _IN_BULK or str(mail["Return-Path"] or "").strip() == "<>":
        return "a program sent it"
    if mail.get_content_type() == "multipart/report":
        return "it is a report of a mail server"
    if any("dmarc=fail" in str(each).lower() for each in mail.get_all("Authentication-Results", [])):
        return "the mail server that took it does not trust its sender"
    return None if sender else "it has not one plain address for a sender"


def _of_text(mail: EmailMessage) -> Iterator[Answer]:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return
    content = str(body.get_content())
    is_plain = body.get_content_type() == "text/plain"
    yield from _of_lines(own_lines(content if is_plain else words_of(content)), is_wrapped=is_plain)


def _sheets(mail: EmailMessage) -> Iterator[bytes]:
    for number, part in enumerate(mail.walk()):
        if number > _PARTS_LIMIT:
            return
        if (part.get_filename() or "").lower().endswith(".xlsx") and isinstance(part, EmailMessage):
            content = part.get_content()
            if isinstance(content, bytes):
                yield content


def _of_lines(lines: list[Line], *, is_wrapped: bool) -> Iterator[Answer]:
    """Return an answer for each line that begins with a code; a line the mail program broke is put together again."""
    position = 0
    while position < len(lines):
        line = last = lines[position]
        position += 1
        found = code_at(_plain(line))
        if found is None:
            continue
        code, words = found
        while is_wrapped and is_broken(last.text) and position < len(lines) and _goes_on(lines[position], after=last):
            last = lines[position]
            words += f" {last.text.strip()}"
            position += 1
        words = normal(words)
        yield Answer(line.place, code, words, said=f"{code} {words}"[:_SAID_LIMIT])


def _plain(line: Line) -> str:
    return _BULLET.sub("", line.text, count=1)


def _goes_on(line: Line, *, after: Line) -> bool:
    return line.place == after.place + 1 and bool(line.text.strip()) and code_at(_plain(line)) is None
