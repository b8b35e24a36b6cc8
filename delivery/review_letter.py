"""The letter of a review: with which of a manager's customers the relationship is to be looked at again, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar, Self

from delivery.letter import Letter, clean_or_none
from delivery.safe_text import LONG_LIMIT, clean


@dataclass(frozen=True, slots=True)
class ReviewReason:
    """Why an account is to be reviewed, since when, and what is to be done about it, in the manager's language."""

    name: str
    text: str
    task: str | None
    arisen_date: date

    def cleaned(self) -> ReviewReason:
        """Return the reason with every text made harmless."""
        return replace(
            self,
            name=clean(self.name),
            text=clean(self.text, limit=LONG_LIMIT),
            task=None if self.task is None else clean(self.task, limit=LONG_LIMIT) or None,
        )


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One account to review, with its reasons, the most urgent first; `last_reviewed_date` is None when never."""

    rank: int
    account_id: str
    account_name: str | None
    relationship_index: Decimal | None
    last_reviewed_date: date | None
    reasons: tuple[ReviewReason, ...]

    @property
    def waiting_since(self) -> date:
        """The day on which the oldest of its reasons arose."""
        return min(reason.arisen_date for reason in self.reasons)

    def cleaned(self) -> ReviewRow:
        """Return the row with every text made harmless."""
        return replace(
            self,
            account_id=clean(self.account_id),
            account_name=clean_or_none(self.account_name),
            reasons=tuple(reason.cleaned() for reason in self.reasons),
        )


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What may come of a review: the word a source gives, and what it means in the manager's language."""

    outcome: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLetter(Letter):
    """The accounts to review, the most urgent first; `rows` is never empty.

    `outcomes` are those that policy knows, `review_sources` the sources through which a review comes back.
    """

    kind: ClassVar[str] = "relationship_review"

    rows: tuple[ReviewRow, ...]
    outcomes: tuple[ReviewOutcome, ...]
    review_sources: tuple[str, ...]

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(row.account_id for row in self.rows)

    @property
    def waiting_since(self) -> date:
        """The day on which the oldest reason of all arose."""
        return min(row.waiting_since for row in self.rows)

    @property
    def lines(self) -> Iterator[tuple[ReviewRow, ReviewReason]]:
        """Each account with each of its reasons, in order."""
        return ((row, reason) for row in self.rows for reason in row.reasons)

    def cleaned(self) -> Self:
        letter = Letter.cleaned(self)
        return replace(letter, rows=tuple(row.cleaned() for row in letter.rows))
