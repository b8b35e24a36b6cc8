"""Who left, in four senses, from the days on which customers bought and were under contract; without looking at SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

Spend = Mapping[date, Decimal]

WINDOW, HORIZON, GAP = 180, 90, 30
PARTIAL = Decimal("0.3")
SHORTEST, LONGEST, MULTIPLE = 60, 540, 4


class Verdict(NamedTuple):
    """Whether a customer left, and when that was certain."""

    is_churned: bool
    closes_on: date


def order_verdicts(spend: Spend, *, silent: int, gap: float, day: date, as_of: date) -> dict[str, Verdict]:
    """Return the verdicts on who orders; `silent` and `gap` are its silence and rhythm as known on the day."""
    end = day + timedelta(days=HORIZON)
    if end > as_of:
        return {}
    bought = sorted(each for each, amount in spend.items() if amount > 0 and each <= end)
    limit = min(LONGEST, max(SHORTEST, MULTIPLE * gap))
    found = {}
    if silent < WINDOW:
        found["fixed_window"] = not any(day < each <= end for each in bought)
        usual = _usual(spend, bought, day)
        if usual > 0:
            found["partial"] = _between(spend, day, end) < PARTIAL * usual
    if silent <= limit:
        found["own_rhythm"] = not bought or (end - bought[-1]).days > limit
    return {kind: Verdict(is_churned, end) for kind, is_churned in found.items()}


def _usual(spend: Spend, bought: list[date], day: date) -> Decimal:
    year = timedelta(days=365)
    if not bought:
        return Decimal(0)
    if bought[0] <= day - year:
        return _between(spend, day - year, day + timedelta(days=HORIZON) - year)
    known = min(365, max(HORIZON, (day - bought[0]).days))
    return _between(spend, day - year, day) * HORIZON / known


def _between(spend: Spend, after: date, until: date) -> Decimal:
    return sum((amount for day, amount in spend.items() if after < day <= until), Decimal(0))


def contract_verdict(contracts: Iterable[tuple[date, date | None]], *, day: date, as_of: date) -> Verdict | None:
    """Return the verdict on who is under contract on the day, by looking at each day; None when it is not."""
    closes = day + timedelta(days=HORIZON + GAP)
    if closes > as_of:
        return None
    held = list(contracts)

    def under(when: date) -> bool:
        return any(start <= when and (end is None or when <= end) for start, end in held)

    def bridged(when: date) -> bool:
        """A gap counts as under contract when it has a contract on both sides and is short."""
        before = after = when
        while not under(before) and (when - before).days <= GAP:
            before -= timedelta(days=1)
        while not under(after) and (after - when).days <= GAP:
            after += timedelta(days=1)
        return under(before) and under(after) and (after - before).days - 1 <= GAP

    if not under(day) and not bridged(day):
        return None
    days = (day + timedelta(days=ahead) for ahead in range(1, HORIZON + 1))
    return Verdict(any(not under(when) and not bridged(when) for when in days), closes)
