"""Who buys: the lasting traits of an account, drawn once for life."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.draws import Bools, Draws, Floats, Ints
from simulator.words import CATEGORIES, COUNTRIES, INDUSTRIES, REGIONS, SIZE_BANDS

ARRIVAL_DAYS = 820
"""The company reaches its nominal size this many days after its first day, and goes on growing at that pace."""

_PRESENT_AT_FIRST = 0.72
_ORDER_VALUE = np.log(np.array([2_600.0, 8_500.0, 30_000.0]))
_GAP_DAYS = np.array([34.0, 25.0, 17.0])
_HAZARD_OF_SIZE = np.array([1.30, 0.85, 0.50])
_HAZARD_OF_BREADTH = np.array([1.55, 0.95, 0.65])
_TERMS_DAYS = np.array([0, 30, 45, 60, 90])
_RHYTHM_SHAPES = np.array([1, 2, 3, 5])


@dataclass(frozen=True, slots=True)
class Accounts:
    """One entry per account. Values of an order are in yuan, times in days, codes are indices into simulator.words."""

    number: Ints
    starts: Ints
    created: Ints
    industry: Ints
    size: Ints
    region: Ints
    country: Ints
    gap_days: Floats
    gap_shape: Ints
    rate_trend: Floats
    spend_trend: Floats
    log_order_value: Floats
    order_spread: Floats
    line_count: Floats
    categories: Ints
    breadth: Ints
    annual_hazard: Floats
    return_rate: Floats
    terms_days: Ints
    days_late: Floats
    is_buyer: Bools
    is_internal: Bools

    def __len__(self) -> int:
        return int(self.number.size)

    def part(self, low: int, high: int) -> Accounts:
        """The accounts of the block from `low` to before `high`."""
        return Accounts(**{field.name: getattr(self, field.name)[low:high] for field in fields(self)})


def arrived_by(day: int, *, accounts: int, first_day: int) -> int:
    """How many account numbers may have arrived by `day`: those above never have."""
    present = _present_at_first(accounts)
    return present + int(np.ceil((accounts - present) * (day - first_day + 1) / ARRIVAL_DAYS))


def draw_accounts(draws: Draws, *, numbers: range, accounts: int, first_day: int, until: int) -> Accounts:
    """The accounts of `numbers` that have arrived by day `until`."""
    number = np.arange(numbers.start, numbers.stop, dtype=np.int64)
    starts = arrival_days(draws, number, accounts=accounts, first_day=first_day)
    number, starts = number[starts <= until], starts[starts <= until]
    size = draws.picked("size", [share for *_, share in SIZE_BANDS], number)
    breadth = 1 + draws.picked("breadth", (30, 45, 25), number)
    age = np.where(starts <= first_day, draws.below("age", 1_800, number), 0)
    is_internal = draws.chance("internal", 0.002, number)
    return Accounts(
        number=number,
        starts=starts,
        created=starts - age,
        industry=draws.picked("industry", [industry[4] for industry in INDUSTRIES], number),
        size=size,
        region=draws.picked("region", [share for *_, share in REGIONS], number),
        country=draws.picked("country", [share for _, share in COUNTRIES], number),
        gap_days=np.clip(_GAP_DAYS[size] * np.exp(0.62 * draws.normal("gap", number)), 5.0, 110.0),
        gap_shape=_RHYTHM_SHAPES[draws.picked("rhythm", (38, 32, 20, 10), number)],
        rate_trend=0.02 + 0.16 * draws.normal("rate trend", number),
        spend_trend=0.03 + 0.14 * draws.normal("spend trend", number),
        log_order_value=_ORDER_VALUE[size] + 0.65 * draws.normal("order value", number),
        order_spread=0.30 + 0.45 * draws.uniform("order spread", number),
        line_count=np.array([2.0, 2.9, 4.0])[size] * np.exp(0.3 * draws.normal("line count", number)),
        categories=_categories(draws, number),
        breadth=breadth,
        annual_hazard=0.15
        * _HAZARD_OF_SIZE[size]
        * _HAZARD_OF_BREADTH[breadth - 1]
        * np.exp(0.45 * draws.normal("hazard", number)),
        return_rate=0.045 * draws.exponential("return rate", number).clip(max=4.0),
        terms_days=_TERMS_DAYS[draws.picked("terms", (10, 45, 20, 20, 5), number)],
        days_late=-3.0 + 9.0 * draws.exponential("days late", number).clip(max=5.0),
        is_buyer=~draws.chance("never buys", 0.03, number),
        is_internal=is_internal,
    )


def _present_at_first(accounts: int) -> int:
    return round(_PRESENT_AT_FIRST * accounts)


def arrival_days(draws: Draws, number: Ints, *, accounts: int, first_day: int) -> Ints:
    """The day each account number starts."""
    present = _present_at_first(accounts)
    days_between = ARRIVAL_DAYS / max(1, accounts - present)
    waited = (number - present - 1 + draws.uniform("arrival", number)) * days_between
    return np.asarray(first_day + np.where(number <= present, 0, np.floor(waited)).astype(np.int64))


def _categories(draws: Draws, number: Ints) -> Ints:
    """Three different categories of each account, the favourite first."""
    count = len(CATEGORIES)
    first = draws.below("category", count, number)
    second = (first + 1 + draws.below("second category", count // 2 - 1, number)) % count
    third = (first + count // 2 + draws.below("third category", count // 2, number)) % count
    return np.stack([first, second, third], axis=1)
