"""How accounts live: the days on which each one buys, slows down, leaves and comes back.

An account orders when its own operational time passes the next Erlang threshold. Demand of the day, its trend and its
mood set how fast that time runs. A fading account buys less often and for less money before it leaves, or recovers;
others leave from one day to the next. Troubles (returns, late shipments) raise the hazard for some weeks and are
visible in the ERP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from simulator.accounts import Accounts
from simulator.draws import Bools, Codes, Draws, Floats, Ints
from simulator.seasons import NEVER, demand
from simulator.words import INDUSTRIES

_YEAR = 365.0
_FADING_SHARE = 0.55
_FADING_RECOVERS = 0.30
_PAUSE_ANNUAL_RATE = 0.14
_WIN_BACK_ANNUAL_RATE = 0.10
_FIRST_YEAR_FACTOR = 1.5
_SHIPS_LATE = 0.07
_TROUBLE_KEPT_A_DAY = 0.5 ** (1 / 45)


class Mood(IntEnum):
    """What an account is up to. Only the truth file tells."""

    ACTIVE = 0
    FADING = 1
    PAUSED = 2
    LEFT = 3


@dataclass(frozen=True, slots=True)
class Purchases:
    """One entry per account and day it buys. `row` points into the block's Accounts; `spend` scales its usual order."""

    row: Ints
    day: Ints
    count: Ints
    spend: Floats
    is_late: Bools
    is_returned: Bools

    def only(self, keep: Bools) -> Purchases:
        """The purchases for which `keep` is true."""
        return Purchases(
            row=self.row[keep],
            day=self.day[keep],
            count=self.count[keep],
            spend=self.spend[keep],
            is_late=self.is_late[keep],
            is_returned=self.is_returned[keep],
        )


@dataclass(frozen=True, slots=True)
class Lives:
    """Where each account of the block stands at the end of the last day. NEVER stands for what has not happened."""

    mood: Ints
    left_day: Ints
    returned_day: Ints
    annual_hazard: Floats
    purchases_count: Ints


@dataclass(frozen=True, slots=True)
class Moods:
    """The mood of each account of the block (columns) on each day (rows), from `first_day` on.

    It goes on for the days beyond the last one that were asked for: what is about to happen casts its shadow.
    """

    first_day: int
    mood: Codes

    def part(self, low: int, high: int) -> Moods:
        """Those of the block's accounts from `low` to before `high`."""
        return Moods(self.first_day, self.mood[:, low:high])

    def on(self, row: Ints, day: Ints) -> Codes:
        """The mood of each row on a day of its own; days before the first are taken for calm ones."""
        mood = self.mood[np.maximum(0, day - self.first_day), row]
        return np.where(day < self.first_day, Mood.ACTIVE, mood).astype(np.int8)


class _Block:
    """The moving state of a block of accounts."""

    def __init__(self, draws: Draws, accounts: Accounts, *, first_day: int) -> None:
        size = len(accounts)
        self.draws = draws
        self.accounts = accounts
        self.mood = np.full(size, Mood.ACTIVE, dtype=np.int64)
        self.since = accounts.starts.copy()
        self.until = np.full(size, NEVER, dtype=np.int64)
        self.left = np.full(size, NEVER, dtype=np.int64)
        self.back = np.full(size, NEVER, dtype=np.int64)
        self.trouble = np.zeros(size)
        self.count = np.zeros(size, dtype=np.int64)
        self.progress = np.zeros(size)
        # A new account buys soon after it is entered; an old one is somewhere inside a gap.
        is_new = accounts.starts > first_day
        waits = draws.uniform("first wait", accounts.number) * np.where(is_new, 0.4, 1.0)
        self.threshold = np.where(accounts.is_buyer, waits, np.inf)

    def hazard(self, day: int) -> Floats:
        """Leaves a year, for accounts that are active."""
        tenure = day - self.accounts.created
        young = np.where(tenure < _YEAR, _FIRST_YEAR_FACTOR, 1.0)
        return np.asarray(self.accounts.annual_hazard * young * (1.0 + np.minimum(self.trouble, 3.0)))

    def fade(self, day: int) -> Floats:
        """Share of the usual pace left to a fading account: from 1 down to a quarter."""
        lasted = (day - self.since) / np.maximum(1, self.until - self.since)
        return np.asarray(np.where(self.mood == Mood.FADING, 1.0 - 0.75 * lasted, 1.0))

    def turn(self, day: int) -> None:
        """Change moods at the start of a day."""
        started = self.accounts.starts < day
        luck = self.draws.uniform("turn", self.accounts.number, day)
        ends = self.until == day
        calm = started & (self.mood == Mood.ACTIVE)
        leave = self.hazard(day) / _YEAR
        unrest = np.flatnonzero(calm & (luck < leave))
        pauses = np.flatnonzero(calm & (luck >= leave) & (luck < leave + _PAUSE_ANNUAL_RATE / _YEAR))
        comes_back = np.flatnonzero((self.mood == Mood.LEFT) & (luck < _WIN_BACK_ANNUAL_RATE / _YEAR))
        faded = np.flatnonzero(ends & (self.mood == Mood.FADING))
        rested = np.flatnonzero(ends & (self.mood == Mood.PAUSED))

        fades = self._chance("fades", _FADING_SHARE, unrest, day)
        recovers = self._chance("recovers", _FADING_RECOVERS, faded, day)
        self._enter(Mood.FADING, unrest[fades], day, lasts=(60, 150))
        self._enter(Mood.PAUSED, pauses, day, lasts=(45, 110))
        self._enter(Mood.ACTIVE, np.concatenate([rested, faded[recovers], comes_back]), day)
        gone = np.concatenate([unrest[~fades], faded[~recovers]])
        self._enter(Mood.LEFT, gone, day)
        self.left[gone] = day
        self.back[comes_back] = day

    def buy(self, day: int, demanded: Floats) -> tuple[Ints, Floats]:
        """The rows of the accounts that buy on the day, and their spending as a share of their usual one."""
        accounts = self.accounts
        years = (day - accounts.starts) / _YEAR
        pace = np.where(self.mood == Mood.LEFT, 0.0, np.where(self.mood == Mood.PAUSED, 0.06, self.fade(day)))
        trend = np.exp(accounts.rate_trend * np.minimum(years, 6.0))
        rate = demanded[accounts.industry] / accounts.gap_days * trend * pace
        self.progress += np.where(accounts.starts <= day, rate, 0.0)
        self.trouble *= _TROUBLE_KEPT_A_DAY
        row = np.flatnonzero(self.progress >= self.threshold)
        self.progress[row] = np.minimum(self.progress[row] - self.threshold[row], 0.5)
        self.count[row] += 1
        self.threshold[row] = self.draws.erlang(
            "gap/next", accounts.gap_shape[row], accounts.number[row], self.count[row]
        )
        spend = np.exp(accounts.spend_trend[row] * np.minimum(years[row], 6.0)) * np.sqrt(self.fade(day)[row])
        return row, spend

    def lives(self, day: int) -> Lives:
        """Where the accounts stand at the end of a day."""
        return Lives(
            mood=self.mood.copy(),
            left_day=self.left.copy(),
            returned_day=self.back.copy(),
            annual_hazard=self.hazard(day),
            purchases_count=self.count.copy(),
        )

    def _chance(self, stream: str, probability: float, row: Ints, day: int) -> Bools:
        return self.draws.chance(stream, probability, self.accounts.number[row], day)

    def _enter(self, mood: Mood, row: Ints, day: int, *, lasts: tuple[int, int] | None = None) -> None:
        self.mood[row] = mood
        self.since[row] = day
        self.until[row] = NEVER
        if lasts is not None:
            low, spread = lasts
            self.until[row] = day + low + self.draws.below("lasts", spread, self.accounts.number[row], day)


def live(
    draws: Draws, accounts: Accounts, *, first_day: int, until: int, beyond: int = 0
) -> tuple[Purchases, Lives, Moods]:
    """Let the accounts live from `first_day` to the end of day `until`; a longer life begins with the shorter one.

    Only the moods tell of the days `beyond`.
    """
    block = _Block(draws, accounts, first_day=first_day)
    level, push = demand(first_day, until + beyond)
    pushes = np.array([industry[5] for industry in INDUSTRIES])
    parts: list[Purchases] = []
    moods = np.zeros((until + beyond - first_day + 1, len(accounts)), dtype=np.int8)
    lives = None
    for offset, day in enumerate(range(first_day, until + beyond + 1)):
        if day == until + 1:
            lives = block.lives(until)
        block.turn(day)
        moods[offset] = block.mood
        row, spend = block.buy(day, level[offset] * (1.0 + push[offset] * pushes))
        number, count = accounts.number[row], block.count[row]
        is_late = draws.chance("ships late", _SHIPS_LATE, number, count)
        is_returned = draws.chance("is returned", accounts.return_rate[row], number, count)
        block.trouble[row] += 0.5 * is_late + 0.9 * is_returned
        if day <= until:
            parts.append(Purchases(row, np.full(row.size, day, dtype=np.int64), count, spend, is_late, is_returned))
    purchases = Purchases(
        row=np.concatenate([part.row for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        count=np.concatenate([part.count for part in parts]),
        spend=np.concatenate([part.spend for part in parts]),
        is_late=np.concatenate([part.is_late for part in parts]),
        is_returned=np.concatenate([part.is_returned for part in parts]),
    )
    return purchases, lives or block.lives(until), Moods(first_day, moods)
