"""What one could know of the simulated customers at best: the true laws, and the same order days as the warehouse.

For each account particles live on from its latest order day by the laws of simulator/behaviour.py with its own true
numbers. Those that buy before the snapshot contradict what was seen and are dropped; of the others, the share that
buys nothing in the horizon is the probability that no method can better on average. Hidden moods are not looked up:
the oracle knows how customers live, not what this one is up to. Left out: what troubles add to the hazard.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simulator import behaviour
from simulator.accounts import Accounts
from simulator.behaviour import Mood
from simulator.draws import Floats, Ints
from simulator.seasons import demand
from simulator.words import INDUSTRIES

_YEAR = 365.0
_FADES_DAYS, _FADES_SPREAD = 60, 150
_RESTS_DAYS, _RESTS_SPREAD = 45, 110
_FEWEST_LEFT = 10
"""With fewer particles left, the silence is so long that hardly any law but having left explains it."""


@dataclass(slots=True)
class _Particles:
    """One entry a particle; `place` is its account among those asked for."""

    place: Ints
    mood: npt.NDArray[np.int8]
    since: Ints
    until: Ints
    progress: Floats
    threshold: Floats

    def only(self, keep: npt.NDArray[np.bool_]) -> _Particles:
        return _Particles(*(getattr(self, field.name)[keep] for field in fields(self)))


def silence_probability(
    accounts: Accounts, *, day: int, silent_days: Ints, horizon: int, particles: int = 1_000, seed: int = 1
) -> Floats:
    """Return for each account the probability of no order day in the horizon after `day`, 0 to 1.

    `silent_days` are the days since its latest order day, as the warehouse knew them on `day`.
    """
    random = np.random.default_rng(seed)
    level, push = demand(day - int(silent_days.max()), day + horizon)
    pushes = np.array([industry[5] for industry in INDUSTRIES])
    first = day - int(silent_days.max())
    alive = _start(accounts, silent_days, day, particles, random)
    kept, silent = np.zeros(len(accounts)), np.zeros(len(accounts))
    for step in range(1, int(silent_days.max()) + horizon + 1):
        today = day - silent_days[alive.place] + step
        _turn(accounts, alive, today, random)
        demanded = level[today - first] * (1.0 + push[today - first] * pushes[accounts.industry[alive.place]])
        alive.progress += demanded * _pace(accounts, alive, today)
        alive = alive.only(alive.progress < alive.threshold)
        counts = np.bincount(alive.place, minlength=len(accounts))
        kept = np.where(silent_days == step, counts, kept)
        ends = silent_days + horizon == step
        silent = np.where(ends, counts, silent)
        alive = alive.only(~ends[alive.place])
    kept = np.where(silent_days == 0, particles, kept)
    return np.where(kept < _FEWEST_LEFT, 1.0, silent / np.maximum(kept, 1.0))


def _start(accounts: Accounts, silent_days: Ints, day: int, particles: int, random: np.random.Generator) -> _Particles:
    """Everybody has just ordered: active, or fading as often as the law has it among those who order."""
    place = np.repeat(np.arange(len(accounts)), particles)
    day_of_order = day - silent_days[place]
    lasts = _FADES_DAYS + random.integers(0, _FADES_SPREAD, place.size)
    share = accounts.annual_hazard[place] * behaviour._FADING_SHARE * lasts / _YEAR * 0.625  # the pace left on average
    is_fading = random.random(place.size) < share
    past = np.floor(random.random(place.size) * lasts).astype(np.int64)
    shape = accounts.gap_shape[place]
    return _Particles(
        place=place,
        mood=np.where(is_fading, Mood.FADING, Mood.ACTIVE).astype(np.int8),
        since=np.where(is_fading, day_of_order - past, day_of_order),
        until=np.where(is_fading, day_of_order - past + lasts, np.iinfo(np.int64).max),
        progress=np.zeros(place.size),
        threshold=random.gamma(shape, 1.0) / shape,
    )


def _turn(accounts: Accounts, alive: _Particles, today: Ints, random: np.random.Generator) -> None:
    luck = random.random(alive.place.size)
    young = np.where(today - accounts.created[alive.place] < _YEAR, behaviour._FIRST_YEAR_FACTOR, 1.0)
    leave = accounts.annual_hazard[alive.place] * young / _YEAR
    ends, calm = alive.until == today, alive.mood == Mood.ACTIVE
    unrest = calm & (luck < leave)
    pauses = calm & ~unrest & (luck < leave + behaviour._PAUSE_ANNUAL_RATE / _YEAR)
    back = (alive.mood == Mood.LEFT) & (luck < behaviour._WIN_BACK_ANNUAL_RATE / _YEAR)
    faded = ends & (alive.mood == Mood.FADING)
    rested = ends & (alive.mood == Mood.PAUSED)
    fades = unrest & (random.random(alive.place.size) < behaviour._FADING_SHARE)
    recovers = faded & (random.random(alive.place.size) < behaviour._FADING_RECOVERS)
    for mood, where, days, spread in (
        (Mood.FADING, fades, _FADES_DAYS, _FADES_SPREAD), (Mood.PAUSED, pauses, _RESTS_DAYS, _RESTS_SPREAD),
        (Mood.ACTIVE, rested | recovers | back, 0, 0), (Mood.LEFT, (unrest & ~fades) | (faded & ~recovers), 0, 0),
    ):  # fmt: skip
        alive.mood[where] = mood
        alive.since[where] = today[where]
        never = np.iinfo(np.int64).max
        count = int(where.sum())
        alive.until[where] = today[where] + days + random.integers(0, spread, count) if spread else never


def _pace(accounts: Accounts, alive: _Particles, today: Ints) -> Floats:
    """The operational time that runs on a day of ordinary demand."""
    length = np.maximum(1.0, (alive.until - alive.since).astype(np.float64))
    fade = 1.0 - 0.75 * (today - alive.since) / length
    mood = np.choose(alive.mood, [np.ones(alive.place.size), fade, np.full(alive.place.size, 0.06), np.zeros(1)])
    years = np.minimum((today - accounts.starts[alive.place]) / _YEAR, 6.0)
    trend = np.exp(accounts.rate_trend[alive.place] * years)
    return np.asarray(trend * mood / accounts.gap_days[alive.place])
