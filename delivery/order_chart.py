"""A small chart of orders by month, of table cells alone: mail programs show pictures only when they are asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_MONTHS_IN_A_YEAR = 12
_TALLEST = 28  # pixels
_ZERO = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """A month, as 2026-03: the days with an order in it, and how tall that is in pixels."""

    month: str
    count: int
    height: int


def bars(counts: Sequence[int], as_of: date) -> list[Bar]:
    """Return a bar for each month up to that of `as_of`, the tallest as tall as the chart.

    Whoever ordered once is seen: only a month without an order is one pixel tall.
    """
    most = max(counts, default=0)
    return [
        Bar(
            month=_month(as_of, months_ago=len(counts) - 1 - place),
            count=count,
            height=max(3, round(_TALLEST * count / most)) if count else _ZERO,
        )
        for place, count in enumerate(counts)
    ]


def _month(as_of: date, *, months_ago: int) -> str:
    year, month = divmod(as_of.year * _MONTHS_IN_A_YEAR + as_of.month - 1 - months_ago, _MONTHS_IN_A_YEAR)
    return f"{year}-{month + 1:02d}"
