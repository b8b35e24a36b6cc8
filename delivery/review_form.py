"""How relationships to review are written down: as many as a person reads, and all of them in the spreadsheet."""

from __future__ import annotations

from typing import Any

from delivery.phrases import Phrases
from delivery.review_letter import ReviewLetter, ReviewRow
from delivery.workbook import Column, Sheet

# Accounts that stand in the mail itself. A longer mail is not read to its end, and some programs cut it.
SHOWN_LIMIT = 20

COLUMNS = (
    Column("rank", 7, lambda line, _: line[0].rank, "0"),
    Column("account_id", 14, lambda line, _: line[0].account_id),
    Column("account_name", 32, lambda line, _: line[0].account_name),
    Column("reason", 22, lambda line, _: line[1].name),
    Column("reason_text", 52, lambda line, _: line[1].text),
    Column("arisen_date", 12, lambda line, _: line[1].arisen_date, "yyyy-mm-dd"),
    Column("task", 60, lambda line, _: line[1].task),
    Column("relationship_index", 13, lambda line, _: line[0].relationship_index, "0"),
    Column("last_reviewed_date", 13, lambda line, _: line[0].last_reviewed_date, "yyyy-mm-dd"),
)


def review_sheet(letter: ReviewLetter, phrases: Phrases) -> Sheet:
    """Return what the spreadsheet holds: a line for each account and reason, and how to answer."""
    outcomes = "; ".join(f"{each.outcome}{phrases.say('colon')}{each.name}" for each in letter.outcomes)
    facts = (
        (phrases.say("answer"), f"{phrases.say('answer_how', sources=sources(letter, phrases))} {outcomes}"),
        ("", phrases.say("answer_then")),
        (phrases.say("index"), phrases.say("footer")),
    )
    return Sheet(COLUMNS, tuple(letter.lines), facts)


def review_values(letter: ReviewLetter, phrases: Phrases) -> dict[str, Any]:
    """Return what the templates of a review use besides the letter and its sentences."""
    return {
        "shown": letter.rows[:SHOWN_LIMIT],
        "more": max(0, len(letter.rows) - SHOWN_LIMIT),
        "standing": lambda row: standing(row, phrases),
        "sources": sources(letter, phrases),
    }


def standing(row: ReviewRow, phrases: Phrases) -> str:
    """Return how an account stands and when somebody looked last."""
    known = row.relationship_index is not None
    index = f"{row.relationship_index:.0f}" if known else phrases.say("index_unknown")
    last = row.last_reviewed_date
    reviewed = phrases.say("reviewed", day=last) if last else phrases.say("reviewed_never")
    return f"{phrases.say('index')}{phrases.say('colon')}{index} · {reviewed}"


def sources(letter: ReviewLetter, phrases: Phrases) -> str:
    """Return the sources through which a review comes back."""
    return phrases.say("or").join(letter.review_sources)
