"""The year of a supplier in China: which days people buy on. Days are counted from 1970-01-01."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from simulator.draws import Floats, Ints

EPOCH = date(1970, 1, 1)
NEVER = 2**40
"""A day that does not come."""

BUSINESS_TIMEZONE = "Asia/Shanghai"
UTC_OFFSET_MINUTES = 8 * 60
"""China keeps one offset all year since 1992."""

_WEEKDAYS = (1.32, 1.34, 1.36, 1.34, 1.24, 0.26, 0.14)

_SPRING_FESTIVALS = (
    *((2018, 2, 16), (2019, 2, 5), (2020, 1, 25), (2021, 2, 12), (2022, 2, 1), (2023, 1, 22), (2024, 2, 10)),
    *((2025, 1, 29), (2026, 2, 17), (2027, 2, 6), (2028, 1, 26), (2029, 2, 13), (2030, 2, 3), (2031, 1, 23)),
    *((2032, 2, 11), (2033, 1, 31), (2034, 2, 19), (2035, 2, 8), (2036, 1, 28)),
)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day of a day number."""
    return EPOCH + timedelta(days=number)


def demand(first: int, last: int) -> tuple[Floats, Floats]:
    """For every day first..last: the share of ordinary demand, and the year-end push some industries feel more.

    A working week averages 1. The spring festival stills demand for two weeks after three busy ones.
    """
    days = np.arange(first, last + 1, dtype=np.int64)
    level = np.asarray(_WEEKDAYS)[(days + 3) % 7]
    push = np.zeros(days.size)
    for year in range(day_of(first).year - 1, day_of(last).year + 2):
        for month, day, length, share in ((1, 1, 1, 0.2), (5, 1, 4, 0.25), (10, 1, 7, 0.12)):
            _scale(level, days, start=day_number(date(year, month, day)), length=length, share=share)
        _scale(level, days, start=day_number(date(year, 11, 10)), length=42, share=1.18)
        push[_within(days, start=day_number(date(year, 11, 10)), length=42)] = 1.0
    for festival in _SPRING_FESTIVALS:
        eve = day_number(date(*festival)) - 4
        _scale(level, days, start=eve - 21, length=21, share=1.25)
        _scale(level, days, start=eve, length=14, share=0.08)
        _scale(level, days, start=eve + 14, length=7, share=0.6)
    return level, push


def _within(days: Ints, *, start: int, length: int) -> np.typing.NDArray[np.bool_]:
    return np.asarray((days >= start) & (days < start + length))


def _scale(level: Floats, days: Ints, *, start: int, length: int, share: float) -> None:
    level[_within(days, start=start, length=length)] *= share
