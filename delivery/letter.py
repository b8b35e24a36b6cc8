"""What one account manager is told: what every kind of letter has, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, Self

from delivery.managers import Language, Manager
from delivery.safe_text import clean


@dataclass(frozen=True, slots=True)
class StaleSource:
    """A source whose data are older than the night; `delivered_through` is None when it has never been read."""

    source: str
    delivered_through: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter, ready to be written down. `made_at` is in the business's time zone.

    `kind` is that of ops.outbox; it names the letter's sentences and templates.
    """

    kind: ClassVar[str]

    manager: Manager
    company_id: str
    company_name: str
    currency: str
    gen: int
    as_of: date
    made_at: datetime
    stale_sources: tuple[StaleSource, ...] = ()

    @property
    def language(self) -> Language:
        return self.manager.language

    @property
    def data_age_days(self) -> int:
        """Whole days from the day the data answer for to the day the letter was made."""
        return max(0, (self.made_at.date() - self.as_of).days)

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The accounts it tells of, each once."""
        raise NotImplementedError

    @property
    def told_count(self) -> int:
        """How many the subject says there are."""
        return len(self.account_ids)

    def cleaned(self) -> Self:
        """Return the letter with every text of the business made harmless."""
        manager = replace(self.manager, name=clean(self.manager.name) or self.manager.account_manager_id)
        return replace(self, manager=manager, company_name=clean(self.company_name))


def clean_or_none(value: str | None) -> str | None:
    """Return a text made harmless, None where nothing of it is left."""
    return None if value is None else clean(value) or None
