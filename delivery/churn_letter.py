"""The letter of a churn list: which of a manager's customers may be leaving, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Self

from delivery.letter import Letter, clean_or_none
from delivery.safe_text import LONG_LIMIT, clean


@dataclass(frozen=True, slots=True)
class ListRow:
    """One account of a list, in the words of the manager's language; texts are as the source gave them."""

    rank: int
    account_id: str
    account_name: str | None
    is_new: bool
    stage: str | None
    abc_class: str | None
    band: str | None
    churn_probability: float | None
    expected_loss_amount: Decimal | None
    net_revenue_365d_amount: Decimal | None
    days_since_last_order: int | None
    typical_gap_days: float | None
    reasons: tuple[str, ...]
    play: str | None
    play_steps: str | None
    method_code: str

    def cleaned(self) -> ListRow:
        """Return the row with every text made harmless."""
        return replace(
            self,
            account_id=clean(self.account_id),
            account_name=clean_or_none(self.account_name),
            stage=clean_or_none(self.stage),
            abc_class=clean_or_none(self.abc_class),
            band=clean_or_none(self.band),
            reasons=tuple(clean(each, limit=LONG_LIMIT) for each in self.reasons),
            play=clean_or_none(self.play),
            play_steps=None if self.play_steps is None else clean(self.play_steps, limit=LONG_LIMIT),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnLetter(Letter):
    """One churn list. `rows` is never empty."""

    kind: ClassVar[str] = "churn_list"

    rows: tuple[ListRow, ...]

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(row.account_id for row in self.rows)

    @property
    def method_code(self) -> str:
        return self.rows[0].method_code

    @property
    def expected_loss_amount(self) -> Decimal:
        return sum((row.expected_loss_amount or Decimal(0) for row in self.rows), Decimal(0))

    @property
    def new_count(self) -> int:
        return sum(row.is_new for row in self.rows)

    def cleaned(self) -> Self:
        letter = Letter.cleaned(self)
        return replace(letter, rows=tuple(row.cleaned() for row in letter.rows))
