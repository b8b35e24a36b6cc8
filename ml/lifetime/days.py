"""Which past days are learned from and graded on, by what has closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MAX_TEST_DAYS = 3
LEARNED_EVERY = 3
"""Horizons of a year overlap: of so many month ends one is learned from, counted back from the newest."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The snapshot dates, ascending, whose horizon of so many months has closed, and the horizon's days."""

    months: int
    days: tuple[date, ...]

    @property
    def gap(self) -> timedelta:
        """From a day to the close of its horizon."""
        return timedelta(days=days_of(self.months))

    def tested(self, count: int) -> tuple[date, ...]:
        """Return the newest so many."""
        return self.days[-count:]

    def learned(self, until: date | None = None) -> tuple[date, ...]:
        """Return every third day back from the newest whose horizon had closed by `until`; by tonight without it."""
        known = [day for day in self.days if until is None or day + self.gap <= until]
        return tuple(known[::-1][::LEARNED_EVERY][::-1])

    def needed(self) -> set[date]:
        """Return all days that one of the above may name."""
        found = set(self.learned()) | set(self.tested(MAX_TEST_DAYS))
        for count in range(1, MAX_TEST_DAYS + 1):
            found |= set(self.learned(self.tested(count)[0]))
        return found


def days_of(months: int) -> int:
    """Return the days of so many months, each a twelfth of 365 days."""
    return months * 365 // 12


def longest(closed: Sequence[Closed], most: int) -> Closed | None:
    """Return what has closed of the longest horizon up to so many months; None when nothing has."""
    found = [each for each in closed if each.months <= most and each.days]
    return max(found, key=lambda each: each.months, default=None)
