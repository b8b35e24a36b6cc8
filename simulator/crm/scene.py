"""Some accounts, what has happened to them, and which days of it are to be written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.accounts import Accounts
from simulator.behaviour import Moods, Purchases
from simulator.draws import Bools, Draws, Floats, Ints, Singles
from simulator.managers import Manager, managers_of
from simulator.seasons import NEVER
from simulator.words import COUNTRIES

PERIOD = 30
"""Attitudes move every so many days, counted from 1970-01-01."""

ENGLISH, CHINESE = 1, 0


@dataclass(frozen=True, slots=True)
class Scene:
    """The accounts of a block; rows of everything else point into them. Written are the days (after, until]."""

    draws: Draws
    accounts: Accounts
    purchases: Purchases
    moods: Moods
    strain: Singles
    managers: list[Manager]
    world_accounts: int
    first: int
    after: int
    until: int

    def wanted(self, entered: Ints, changed: Ints, removed: Ints | None = None) -> Bools:
        """Which rows a call has to write: those entered, changed or removed in its days."""
        moves = changed > self.after if removed is None else (changed > self.after) | (removed > self.after)
        return np.asarray((entered <= self.until) & moves)

    def strain_on(self, row: Ints, day: Ints) -> Floats:
        """The strain on each row on a day of its own, from 0 to 1."""
        at = np.clip(day - self.first, 0, self.strain.shape[0] - 1)
        return np.asarray(self.strain[at, row], dtype=np.float64)

    def owners(self, row: Ints, day: Ints) -> Ints:
        """The index of the account manager of each row on a day of its own."""
        first = managers_of(self.draws, self.accounts, self.managers, day=-NEVER)[row]
        leaves = np.array([manager.leaves for manager in self.managers])[first]
        successor = np.array([manager.successor for manager in self.managers])[first]
        return np.asarray(np.where(leaves > day, first, successor))

    def periods(self, *, back: int, ahead: int = 0) -> range:
        """The periods in which something may begin that a call has to write, when things move for `back` days."""
        return range(max(self.first, self.after - back) // PERIOD, (self.until + ahead) // PERIOD + 1)

    def languages(self) -> Ints:
        """The language each account writes in: English abroad and in houses with an English name."""
        abroad = np.array([code for code, _ in COUNTRIES])[self.accounts.country] != "CN"
        return np.asarray(abroad | self.draws.chance("english name", 0.12, self.accounts.number), dtype=np.int64)


def grid(rows: int, periods: range) -> tuple[Ints, Ints]:
    """Every row with every period, as two flat arrays."""
    row = np.repeat(np.arange(rows, dtype=np.int64), len(periods))
    return row, np.tile(np.arange(periods.start, periods.stop, dtype=np.int64), rows)


def repeated(counts: Ints) -> tuple[Ints, Ints]:
    """Which entry each of `counts` things belongs to, and the how-manieth of it each is, from 0."""
    entry = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    return entry, np.arange(entry.size, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)


def last_change(entered: Ints, *days: Ints, until: int) -> Ints:
    """The last of the days that has come by `until`."""
    last = entered.copy()
    for day in days:
        last = np.where(day <= until, np.maximum(last, day), last)
    return last
