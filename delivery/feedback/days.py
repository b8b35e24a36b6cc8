"""Days as people write them in an answer: a span or a date that cannot be misread."""

from __future__ import annotations

import re
from datetime import date, timedelta

from delivery.feedback.outcomes import normal

_PREPOSITION = re.compile(r"(?:for|until|till|til|to|by|up to|on|直到|到|至|延到|推迟到)(?![a-z])\s*", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)\s*日?")
_SPAN = re.compile(r"(\d{1,4})\s*(days?|d|weeks?|w|months?|天|日|周|星期|个?月)(?![a-z0-9])", re.IGNORECASE)
_UNCLEAR = re.compile(r"\d{1,2}\s*[-/.月]\s*\d{1,2}(?:\s*[-/.]\s*\d{2,4})?|\d")
_REST = " ,;:，；：。.-–—"
_UNIT_DAYS = {"d": 1, "w": 7, "m": 30, "天": 1, "日": 1, "周": 7, "星": 7, "个": 30, "月": 30}


class UnclearDayError(ValueError):
    """A day that may be read in two ways, or in none."""


def read_until(words: str, *, today: date) -> tuple[date | None, str]:
    """Return the day that `words` begin with and what follows; None and all of it where they do not speak of days.

    A span counts from `today`. Raises UnclearDayError for 1.12.2026 or 12/1, of which nobody knows the month, for a day
    that no calendar has, and for "until" without a day.
    """
    said = normal(words).lstrip(_REST)
    preposition = _PREPOSITION.match(said)
    rest = said[preposition.end() :] if preposition else said
    if found := _DATE.match(rest):
        try:
            return date(*map(int, found.groups())), rest[found.end() :].lstrip(_REST)
        except ValueError:
            raise UnclearDayError(found[0]) from None
    if found := _SPAN.match(rest):
        days = int(found[1]) * _UNIT_DAYS[found[2][0].lower()]
        return today + timedelta(days=days), rest[found.end() :].lstrip(_REST)
    if preposition or _UNCLEAR.match(rest):
        raise UnclearDayError(rest[:20])
    return None, said


def read_day(words: str, *, today: date) -> date | None:
    """Return the day that a cell holds, None for an empty one. Raises UnclearDayError for anything else."""
    if not words.strip():
        return None
    day, rest = read_until(words, today=today)
    if day is None or rest.strip(_REST):
        raise UnclearDayError(words[:20])
    return day
