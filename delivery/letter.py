"""What one account manager is told: the rows of one list and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from delivery.managers import Language, Manager


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


@dataclass(frozen=True, slots=True)
class StaleSource:
    """A source whose data are older than the night; `delivered_through` is None when it has never been read."""

    source: str
    delivered_through: date | None


@dataclass(frozen=True, slots=True)
class Letter:
    """One list, ready to be written down. `made_at` is in the business's time zone; `rows` is never empty."""

    manager: Manager
    company_id: str
    company_name: str
    currency: str
    gen: int
    as_of: date
    made_at: datetime
    rows: tuple[ListRow, ...]
    stale_sources: tuple[StaleSource, ...] = ()

    @property
    def language(self) -> Language:
        return self.manager.language

    @property
    def data_age_days(self) -> int:
        """Whole days from the day the data answer for to the day the list was made."""
        return max(0, (self.made_at.date() - self.as_of).days)

    @property
    def method_code(self) -> str:
        return self.rows[0].method_code

    @property
    def expected_loss_amount(self) -> Decimal:
        return sum((row.expected_loss_amount or Decimal(0) for row in self.rows), Decimal(0))

    @property
    def new_count(self) -> int:
        return sum(row.is_new for row in self.rows)
