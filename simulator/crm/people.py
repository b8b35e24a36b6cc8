"""The people at the customers, what each of them thinks of us over time, and what their account manager claims.

Attitudes are the levels of the relationship model: -1 opposes us, 0 no contact, 1 in contact, 2 accepts us, 3 likes us,
4 supports us, 5 supports us alone. They drift towards what the person and the house are like, and fall under strain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.crm.posts import POSTS
from simulator.crm.scene import PERIOD, Scene, repeated
from simulator.draws import Bools, Codes, Draws, Floats, Ints
from simulator.seasons import NEVER

SUCCESSOR = 20
"""Added to the slot of a person for the one that takes the post over."""

PLANNED_DAYS = 10
"""Visits are entered at most so many days ahead."""

_LEAST, _SPREAD = np.array([2, 4, 7]), np.array([4, 4, 6])
_LEAVES_A_PERIOD = 0.0055
_LEVELS = np.array([-0.9, 0.2, 0.85, 1.6, 2.45, 3.15])
_REVIEWED_EVERY = 3


@dataclass(frozen=True, slots=True)
class People:
    """One entry per person. `level` and `claimed` have one column per period from `first_period` on.

    A person works there from `since` to before `left`; the CRM learns of it on `noticed`.
    """

    row: Ints
    slot: Ints
    post: Ints
    since: Ints
    left: Ints
    noticed: Ints
    level: Codes
    claimed: Codes
    first_period: int

    def __len__(self) -> int:
        return int(self.row.size)

    def level_on(self, person: Ints, day: Ints) -> Ints:
        """The true level of each person on a day of its own."""
        at = np.clip(day // PERIOD - self.first_period, 0, self.level.shape[1] - 1)
        return self.level[person, at].astype(np.int64)

    def present(self, person: Ints, day: Ints) -> Bools:
        """Whether each person works there, and we know, on a day of its own."""
        return np.asarray((self.since[person] <= day) & (day < self.left[person]))

    def someone(self, draws: Draws, stream: str, row: Ints, day: Ints, *keys: Ints) -> Ints:
        """A person of each row who is there on the day, or -1: any of those of the house's own posts."""
        is_first = self.slot < SUCCESSOR
        counts = np.bincount(self.row[is_first], minlength=int(self.row.max(initial=-1)) + 2)
        starts = np.concatenate([[0], np.cumsum(counts)])[row]
        person = starts + draws.below(stream, np.maximum(1, counts[row]), *keys)
        person = np.minimum(person, max(0, int(is_first.sum()) - 1))
        return np.where((counts[row] > 0) & self.present(person, day), person, -1)


def draw_people(scene: Scene) -> People:
    """The people of all accounts, those of the house's own posts first and in order, then their successors."""
    draws, accounts = scene.draws, scene.accounts
    counts = _LEAST[accounts.size] + draws.below("people", _SPREAD[accounts.size], accounts.number)
    row, slot = repeated(counts)
    number = accounts.number[row]
    is_old = (accounts.starts[row] <= scene.first) & ~draws.chance("met late", 0.2, number, slot)
    wait = np.where(slot == 0, 0, draws.below("met after", np.where(slot < 2, 20, 400), number, slot))
    since = accounts.starts[row] + np.where(is_old, 0, wait)
    left = _leaves(scene, row, slot, since)
    goes = np.flatnonzero((left <= scene.until + PLANNED_DAYS) & draws.chance("is followed", 0.7, number, slot))
    follows = left[goes] + 15 + draws.below("followed after", 60, number[goes], slot[goes])
    row, post = np.concatenate([row, row[goes]]), np.concatenate([slot, slot[goes]])
    slot = np.concatenate([slot, slot[goes] + SUCCESSOR])
    since = np.concatenate([since, follows])
    left = np.concatenate([left, np.full(goes.size, NEVER, dtype=np.int64)])
    noticed = np.where(left < NEVER, left + 2 + draws.below("noticed", 50, accounts.number[row], slot), NEVER)
    level = _levels(scene, row, slot, post, since)
    return People(
        row=row,
        slot=slot,
        post=post,
        since=since,
        left=left,
        noticed=noticed,
        level=level,
        claimed=_claims(scene, row, slot, level),
        first_period=scene.first // PERIOD,
    )


def affinity(scene: Scene) -> Floats:
    """How much a house is inclined to us: faithful and growing ones are more so."""
    accounts = scene.accounts
    faithful = -(np.log(accounts.annual_hazard) - np.log(0.12)) / 0.7
    grows = (accounts.rate_trend + accounts.spend_trend - 0.05) / 0.21
    return np.asarray(0.45 * faithful + 0.35 * grows + 0.6 * scene.draws.normal("affinity", accounts.number))


def _day_of(scene: Scene, period: int) -> int:
    return max(scene.first, period * PERIOD)


def _last_period(scene: Scene) -> int:
    return (scene.until + PLANNED_DAYS) // PERIOD


def _leaves(scene: Scene, row: Ints, slot: Ints, since: Ints) -> Ints:
    """The day each person leaves the house; people go from strained houses, and then the first ones first."""
    left = np.full(row.size, NEVER, dtype=np.int64)
    number = scene.accounts.number[row]
    weight = np.where(slot < 3, 9.0, 2.0)
    for period in range(scene.first // PERIOD, _last_period(scene) + 1):
        day = np.full(row.size, _day_of(scene, period), dtype=np.int64)
        risk = _LEAVES_A_PERIOD * (1.0 + weight * scene.strain_on(row, day) * (slot > 0))
        goes = (left == NEVER) & (since < period * PERIOD) & scene.draws.chance("goes", risk, number, slot, period)
        when = period * PERIOD + scene.draws.below("goes on", PERIOD, number, slot, period)
        left = np.where(goes, np.maximum(when, scene.first + 1), left)
    return left


def _levels(scene: Scene, row: Ints, slot: Ints, post: Ints, since: Ints) -> Codes:
    draws, number = scene.draws, scene.accounts.number[row]
    periods = range(scene.first // PERIOD, _last_period(scene) + 1)
    reserve = np.array([each.reserve for each in POSTS])[post]
    usual = 1.65 + 0.75 * affinity(scene)[row] - reserve + 0.95 * draws.normal("disposition", number, slot)
    is_known = (since <= scene.first) & (slot < SUCCESSOR)
    stance = np.where(is_known, usual, 0.1) + 0.35 * draws.normal("first stance", number, slot)
    level = np.zeros((row.size, len(periods)), dtype=np.int8)
    for at, period in enumerate(periods):
        strain = scene.strain_on(row, np.full(row.size, _day_of(scene, period), dtype=np.int64))
        pull = 0.22 * (usual - 2.2 * strain - stance) + 0.16 * draws.normal("drift", number, slot, period)
        stance = np.where(since <= period * PERIOD, stance + pull, stance)
        level[:, at] = -1 + np.searchsorted(_LEVELS, stance, side="right")
    return level


def _claims(scene: Scene, row: Ints, slot: Ints, level: Codes) -> Codes:
    """What the account manager enters at each review, kept in between. A quarter of the managers claim too much."""
    draws, number = scene.draws, scene.accounts.number[row]
    manager = scene.owners(row, np.full(row.size, scene.first, dtype=np.int64))
    boasts = draws.chance("boasts", 0.25, manager)
    claimed = np.zeros(level.shape, dtype=np.int8)
    now = level[:, 0].copy()
    for at in range(level.shape[1]):
        period = scene.first // PERIOD + at
        slip = draws.picked("slip", (12, 68, 20), number, slot, period) - 1
        extra = np.where(boasts, draws.picked("boast", (25, 45, 30), number, slot), 0)
        is_reviewed = ((period + slot + number) % _REVIEWED_EVERY == 0) | (at == 0)
        now = np.where(is_reviewed, np.clip(level[:, at] + slip + extra, -1, 5), now).astype(np.int8)
        claimed[:, at] = now
    return claimed
