"""The letter to a team lead: how the lists of each of their people look tonight, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Self

from delivery.letter import Letter
from delivery.safe_text import clean


@dataclass(frozen=True, slots=True)
class LeadLine:
    """One manager's list: how many accounts are in each part, what is at stake, and how many nobody answered.

    `unanswered_count` is None where nobody is asked.
    """

    manager_name: str
    new_count: int
    worsened_count: int
    still_open_count: int
    recovered_count: int
    unanswered_count: int | None
    expected_loss_amount: Decimal

    @property
    def risky_count(self) -> int:
        """The accounts at risk."""
        return self.new_count + self.worsened_count + self.still_open_count


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLetter(Letter):
    """The lists of a lead's people, whoever has most at stake first; `lines` is never empty. It names no account."""

    kind: ClassVar[str] = "lead_digest"

    lines: tuple[LeadLine, ...]

    @property
    def account_ids(self) -> tuple[str, ...]:
        return ()

    @property
    def told_count(self) -> int:
        return sum(line.risky_count for line in self.lines)

    @property
    def is_asked(self) -> bool:
        """Whether managers are asked what came of their calls."""
        return any(line.unanswered_count is not None for line in self.lines)

    @property
    def total(self) -> LeadLine:
        """All lines together; its name is empty."""
        return LeadLine(
            manager_name="",
            new_count=sum(line.new_count for line in self.lines),
            worsened_count=sum(line.worsened_count for line in self.lines),
            still_open_count=sum(line.still_open_count for line in self.lines),
            recovered_count=sum(line.recovered_count for line in self.lines),
            unanswered_count=sum(line.unanswered_count or 0 for line in self.lines) if self.is_asked else None,
            expected_loss_amount=sum((line.expected_loss_amount for line in self.lines), Decimal(0)),
        )

    def cleaned(self) -> Self:
        letter = Letter.cleaned(self)
        lines = tuple(replace(line, manager_name=clean(line.manager_name)) for line in letter.lines)
        return replace(letter, lines=lines)
