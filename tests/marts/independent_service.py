"""The definitions of contract months, tickets' hours and survey answers, computed a second time from the words.

Nothing here looks at the SQL: contracts are walked day by day, tickets by their moments, answers by published scales.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

DAY = timedelta(days=1)
HOURS = {"urgent": (1, 8), "high": (4, 24), "normal": (8, 72), "low": (24, 240)}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract that runs: its first day, its last one (None without end) and what it brings a month."""

    start: date
    end: date | None
    amount: Decimal


def monthly_revenue(agreements: Sequence[Agreement], *, as_of: date, gap: int) -> dict[date, Decimal]:
    """Return the MRR of each month, by its first day, from that of the first contract to that of `as_of`."""
    last = as_of + (gap + 1) * DAY
    first = min(each.start for each in agreements)
    by_day: dict[date, Decimal] = {}
    covered: Counter[date] = Counter()
    for each in agreements:
        day = each.start
        while day <= min(each.end or last, last):
            by_day[day] = by_day.get(day, Decimal(0)) + each.amount
            covered[day] += 1
            day += DAY
    days = sorted(covered)
    for before, after in pairwise(days):
        if 1 < (after - before).days <= gap + 1:
            for step in range(1, (after - before).days):
                by_day[before + step * DAY] = by_day[before]
    months: dict[date, Decimal] = {}
    month = first.replace(day=1)
    while month <= as_of:
        following = (month + 32 * DAY).replace(day=1)
        months[month] = by_day.get(min(following - DAY, as_of), Decimal(0))
        month = following
    return months


def movements(revenue: Iterable[Decimal]) -> list[str]:
    """Return what each month's revenue is against the month before."""
    words = []
    before, ever = Decimal(0), False
    for now in revenue:
        if now > 0 and before == 0:
            words.append("reactivated" if ever else "new")
        elif now == 0 and before > 0:
            words.append("churned")
        else:
            words.append("expansion" if now > before else "contraction" if now < before else "unchanged")
        before, ever = now, ever or now > 0
    return words


@dataclass(frozen=True, slots=True)
class Waited:
    """How long a ticket's customer waited, and whether that was in the target; None where nobody can say."""

    reply: float | None
    solution: float | None
    reply_kept: bool | None
    solution_kept: bool | None


def waited(
    *,
    opened: datetime,
    answered: datetime | None,
    solved: datetime | None,
    status: str | None,
    priority: str | None,
    over: datetime,
) -> Waited:
    """Return the hours of a ticket as known when the day is `over`."""
    is_open = status in ("open", "waiting") or (status is None and solved is None)
    solution = None if is_open else _hours(opened, solved, over)
    reply = min((hours for hours in (_hours(opened, answered, over), solution) if hours is not None), default=None)
    so_far = (over - opened).total_seconds() / 3600 if is_open else None
    reply_target, solution_target = HOURS[priority or "normal"]
    return Waited(reply, solution, _kept(reply, so_far, reply_target), _kept(solution, so_far, solution_target))


def _hours(since: datetime, until: datetime | None, over: datetime) -> float | None:
    if until is None or not since <= until < over:
        return None
    return (until - since).total_seconds() / 3600


def _kept(hours: float | None, so_far: float | None, target: float) -> bool | None:
    if hours is not None:
        return hours <= target
    return False if so_far is not None and so_far > target else None


def category(kind: str, score: int, best: int | None) -> str | None:
    """Return what an answer counts as, on the published scales: 0 to 10 for nps, from 1 up for the others."""
    if kind == "nps":
        words = ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
        return words[score] if 0 <= score <= 10 else None
    top = best or 5
    if not 1 <= score <= top:
        return None
    quarters = 4 * (score - 1)  # of (top - 1): good from three quarters, bad below a half
    return "good" if quarters >= 3 * (top - 1) else "bad" if quarters < 2 * (top - 1) else "neutral"
