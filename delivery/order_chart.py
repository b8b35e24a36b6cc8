"""A small chart of orders by month, of table cells alone: mail programs show pictures only when they are asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MONTHS_COUNT = 12
_TALLEST = 28  # pixels
_ZERO = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """A month: its number in the year, the days with an order in it, and how tall that is in pixels."""

    month: int
    count: int
    height: int


def bars(counts: Sequence[int], as_of: date) -> list[Bar]:
    """Return a bar for each of the twelve months up to that of `as_of`, the tallest as tall as the chart.

    Whoever ordered once is seen: only a month without an order is one pixel tall.
    """
    most = max(counts, default=0)
    return [
        Bar(
            month=(as_of.month - MONTHS_COUNT + place) % MONTHS_COUNT + 1,
            count=count,
            height=max(3, round(_TALLEST * count / most)) if count else _ZERO,
        )
        for place, count in enumerate(counts)
    ]
