"""The letter of a churn list: which of a manager's customers may be leaving, which have recovered, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar, Self

from delivery.letter import Letter, clean_or_none
from delivery.safe_text import LONG_LIMIT, clean

RECOVERED = "recovered"
STATUSES = ("new", "worsened", "still_open", RECOVERED)
"""The parts of a list in the order in which they are read, as policy_list_statuses has them."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """How far a side of the relationship has come and should come, and what is missing, in levels or points."""

    side: str
    level: str
    target: str | None
    gap: Decimal | None


@dataclass(frozen=True, slots=True)
class ListRow:
    """One account of a list, in the words of the manager's language; texts are as the source gave them.

    `former_probability` is what its manager was last told; `stands_in_for` whose account it is while that manager is
    away. `order_days` are the days with an order in twelve months, the running month last. `is_asked`: whether the
    manager is asked what came of it.
    """

    rank: int
    row_code: str
    account_id: str
    account_name: str | None
    status_code: str
    status: str
    stands_in_for: str | None
    stage: str | None
    abc_class: str | None
    band: str | None
    churn_probability: float | None
    former_probability: float | None
    expected_loss_amount: Decimal | None
    margin_at_risk_amount: Decimal | None
    net_revenue_365d_amount: Decimal | None
    days_since_last_order: int | None
    typical_gap_days: float | None
    order_days: tuple[int, ...]
    relationship: Relationship | None
    unfilled_roles_count: int | None
    days_since_last_contact: int | None
    mailed_days_count: int
    last_mailed_date: date | None
    answer: str | None
    answer_date: date | None
    reasons: tuple[str, ...]
    play: str | None
    play_steps: str | None
    method_code: str
    record_url: str | None = None
    is_asked: bool = True

    @property
    def is_open(self) -> bool:
        """Whether the account is at risk; else it has recovered."""
        return self.status_code != RECOVERED

    def cleaned(self) -> ListRow:
        """Return the row with every text made harmless."""
        side = self.relationship
        return replace(
            self,
            account_id=clean(self.account_id),
            account_name=clean_or_none(self.account_name),
            status=clean(self.status),
            stands_in_for=clean_or_none(self.stands_in_for),
            stage=clean_or_none(self.stage),
            abc_class=clean_or_none(self.abc_class),
            band=clean_or_none(self.band),
            relationship=None
            if side is None
            else replace(side, side=clean(side.side), level=clean(side.level), target=clean_or_none(side.target)),
            answer=clean_or_none(self.answer),
            reasons=tuple(clean(each, limit=LONG_LIMIT) for each in self.reasons),
            play=clean_or_none(self.play),
            play_steps=None if self.play_steps is None else clean(self.play_steps, limit=LONG_LIMIT),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnLetter(Letter):
    """One churn list. `rows` is never empty.

    `outcomes` are the words in which an answer says what came of it, none where nobody is asked.

    `unlisted_count`: accounts at risk that are not on it, since they rest, were put off, or the list is full.
    """

    kind: ClassVar[str] = "churn_list"

    rows: tuple[ListRow, ...]
    unlisted_count: int = 0
    outcomes: tuple[str, ...] = ()

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(row.account_id for row in self.rows)

    @property
    def told_count(self) -> int:
        return len(self.open_rows)

    @property
    def method_code(self) -> str:
        return self.rows[0].method_code

    @property
    def open_rows(self) -> tuple[ListRow, ...]:
        """The accounts at risk."""
        return tuple(row for row in self.rows if row.is_open)

    @property
    def sections(self) -> list[tuple[str, list[ListRow]]]:
        """The rows by status, in the order in which they are read; a status that nobody has is left out."""
        found = [(status, [row for row in self.rows if row.status_code == status]) for status in STATUSES]
        return [(status, rows) for status, rows in found if rows]

    @property
    def expected_loss_amount(self) -> Decimal:
        return sum((row.expected_loss_amount or Decimal(0) for row in self.open_rows), Decimal(0))

    def cleaned(self) -> Self:
        letter = Letter.cleaned(self)
        return replace(letter, rows=tuple(row.cleaned() for row in letter.rows))
