"""What the simulator refuses."""

from __future__ import annotations

from warehouse.errors import Problem


class DayAlreadyPastError(Problem):
    """The simulated company has lived beyond the day that was asked for."""


class OtherCompanyError(Problem):
    """The database holds a simulated company of another seed, size or first day."""


class EmptyHistoryError(Problem):
    """The day asked for lies before the first day of the company, or the company has no accounts."""
