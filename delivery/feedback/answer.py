"""What was answered, before anybody has looked whether it makes sense."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Channel = Literal["mail", "sheet", "crm"]

_CODE = re.compile(r"GX\s?[-–—_]?\s?([0-9A-F]{8})(?![0-9A-Z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about one row. All texts are as they were written; `snooze` is empty where no cell was for it.

    `place` is the line or row it stood in; `code` is None where there is none that could be one.
    """

    place: int
    code: str | None
    words: str
    note: str = ""
    snooze: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A mail, a file or a delivery of the CRM with its answers.

    `reference` is the same when it comes again. `sender` is an address, `manager_id` who the place of a file says it
    is of; where both are None the codes tell. `ignored` says why nobody should look into it; `problem` is the code of
    a reason why nothing could be read. `label` names it in a log and holds no address.
    """

    reference: str
    channel: Channel
    label: str
    answers: tuple[Answer, ...] = ()
    sender: str | None = None
    manager_id: str | None = None
    told_at: datetime | None = None
    reply_to: str | None = None
    ignored: str | None = None
    problem: str | None = None


def code_at(text: str) -> tuple[str, str] | None:
    """Return the row code that a text begins with, as ops.row_code writes it, and what follows; else None."""
    plain = unicodedata.normalize("NFKC", text)
    found = _CODE.match(plain)
    return None if found is None else (f"GX-{found[1].upper()}", plain[found.end() :].strip())
