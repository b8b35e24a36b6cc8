"""What is done with people, and what they do for or against us: it follows from what each of them thinks of us.

Somebody who is not in contact does not answer. The closer somebody is, the more often both sides speak, the more often
they begin, and the more they do that only a supporter does. Opponents meet competitors and speak against us.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.behaviour import Mood
from simulator.crm.people import PLANNED_DAYS, People
from simulator.crm.scene import PERIOD, Scene, grid, last_change
from simulator.draws import Bools, Draws, Floats, Ints
from simulator.seasons import NEVER

ACT_SETTLED = 60
"""Nothing about an act is entered or changed later than this many days after its period began."""

KINDS = ("call", "visit", "meeting", "mail", "event", "training", "social")
CALL, VISIT, MEETING, MAIL, EVENT, TRAINING, SOCIAL = range(7)
SIGNS = (
    "shared_information", "short_listed_us", "asked_us_to_specify", "spoke_for_us", "gave_reference",
    "blocked_competitor", "single_sourced", "complained", "opposed_us", "met_competitor",
)  # fmt: skip
DONE, PLANNED, MISSED, CANCELLED = range(4)
STATES = ("done", "planned", "missed", "cancelled")
POSITIVE, NEUTRAL, NEGATIVE, NO_RESPONSE = range(4)
OUTCOMES = ("positive", "neutral", "negative", "no_response")
INBOUND, OUTBOUND, MUTUAL = range(3)
DIRECTIONS = ("inbound", "outbound", "mutual")

# By level from -1 to 5: acts of both sides a period, attempts without an answer a period, share that they begin.
_ACTS = np.array([0.34, 0.0, 0.30, 0.90, 1.10, 1.40, 1.75])
_ATTEMPTS = np.array([0.16, 0.28, 0.18, 0.15, 0.12, 0.10, 0.10])
_THEY_BEGIN = np.array([0.12, 0.0, 0.10, 0.30, 0.40, 0.48, 0.55])
_POSITIVE = np.array([0.03, 0.0, 0.20, 0.38, 0.55, 0.68, 0.78])
_NEGATIVE = np.array([0.55, 0.0, 0.10, 0.08, 0.05, 0.04, 0.03])
# Signs by level, in hundredths of the acts of both sides, in the order of SIGNS.
_SIGNS = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0, 18, 34, 16],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 2, 0, 2],
        [3, 0, 0, 0, 0, 0, 0, 2, 0, 1],
        [24, 0, 0, 0, 0, 0, 0, 1, 0, 1],
        [16, 8, 6, 10, 5, 0, 0, 1, 0, 0],
        [20, 5, 7, 9, 6, 11, 9, 0, 0, 0],
    ]
)


@dataclass(frozen=True, slots=True)
class Acts:
    """One entry per act with a person. `answered` is false for attempts that came to nothing."""

    person: Ints
    row: Ints
    period: Ints
    position: Ints
    day: Ints
    level: Ints
    answered: Bools
    kind: Ints
    direction: Ints
    outcome: Ints
    sign: Ints
    end: Ints
    entered: Ints
    edited: Ints

    def key(self, scene: Scene, people: People) -> tuple[Ints, Ints, Ints, Ints]:
        """What addresses the act's own chance."""
        return scene.accounts.number[self.row], people.slot[self.person], self.period, self.position


def draw_acts(scene: Scene, people: People) -> Acts:
    """The acts that a call may have to write."""
    draws = scene.draws
    periods = scene.periods(back=ACT_SETTLED, ahead=PLANNED_DAYS)
    person, period = grid(len(people), periods)
    begins = np.maximum(scene.first, period * PERIOD)
    is_there = (people.since[person] < (period + 1) * PERIOD) & (people.left[person] > begins)
    person, period = person[is_there], period[is_there]
    row = people.row[person]
    cell = (scene.accounts.number[row], people.slot[person], period)
    code = people.level_on(person, period * PERIOD) + 1
    effort = 0.65 + 0.7 * draws.uniform("effort", scene.accounts.number[row])
    both = draws.poisson("acts", _ACTS[code] * effort, *cell)
    alone = draws.poisson("attempts", _ATTEMPTS[code] * effort, *cell)
    entry = np.repeat(np.arange(person.size, dtype=np.int64), both + alone)
    position = np.arange(entry.size, dtype=np.int64) - np.repeat(np.cumsum(both + alone) - both - alone, both + alone)
    person, period, row = person[entry], period[entry], row[entry]
    answered = position < both[entry]
    key = (scene.accounts.number[row], people.slot[person], period, position)
    day = period * PERIOD + draws.below("act day", PERIOD, *key)
    happens = (day >= scene.first) & people.present(person, day) & _is_kept(scene, row, day, key, answered=answered)
    cut = tuple(part[happens] for part in key)
    return _described(scene, people, person[happens], row[happens], day[happens], cut, answered[happens])


def _is_kept(scene: Scene, row: Ints, day: Ints, key: tuple[Ints, ...], *, answered: Bools) -> Bools:
    """Strained houses see us less, those that have left hardly ever, and weekends are free."""
    share = 1.0 - 0.45 * scene.strain_on(row, day)
    gone = np.where(answered, 0.05, 0.35)
    share = np.where(scene.moods.on(row, day) == Mood.LEFT, gone, share)
    share = np.where((day + 3) % 7 >= 5, 0.15 * share, share)
    return scene.draws.chance("act happens", share, *key)


def _described(
    scene: Scene, people: People, person: Ints, row: Ints, day: Ints, key: tuple[Ints, ...], answered: Bools
) -> Acts:
    draws = scene.draws
    level = people.level_on(person, key[2] * PERIOD)
    code = level + 1
    strain = scene.strain_on(row, day)
    kind = np.where(
        answered,
        draws.picked("act kind", (34, 14, 17, 22, 5, 4, 4), *key),
        draws.picked("attempt kind", (60, 2, 2, 32, 2, 0, 2), *key),
    )
    kind = np.where((level < 1) & (kind == TRAINING), CALL, kind)
    begins = draws.chance("they begin", _THEY_BEGIN[code] * (1.0 - 0.5 * strain), *key)
    direction = np.where(begins, INBOUND, OUTBOUND)
    direction = np.where(np.isin(kind, (VISIT, MEETING, TRAINING, EVENT)) & ~begins, MUTUAL, direction)
    direction = np.where(answered, direction, OUTBOUND)
    mood = draws.uniform("act mood", *key)
    good = _POSITIVE[code] * (1.0 - 0.6 * strain)
    bad = np.minimum(_NEGATIVE[code] + 0.3 * strain, 0.9 - good)
    outcome = np.select([mood < good, mood > 1.0 - bad], [POSITIVE, NEGATIVE], default=NEUTRAL)
    end, entered = _written(scene, day, kind, key, answered=answered)
    is_edited = draws.chance("act edited", 0.03, *key)
    edited = np.where(is_edited, np.maximum(entered, day) + 1 + draws.below("edited after", 12, *key), NEVER)
    return Acts(
        person=person,
        row=row,
        period=key[2],
        position=key[3],
        day=day,
        level=level,
        answered=answered,
        kind=kind,
        direction=direction,
        outcome=np.where(answered, outcome, NO_RESPONSE),
        sign=_signs(draws, code, strain, key, answered=answered & (end == DONE)),
        end=end,
        entered=entered,
        edited=edited,
    )


def _written(scene: Scene, day: Ints, kind: Ints, key: tuple[Ints, ...], *, answered: Bools) -> tuple[Ints, Ints]:
    """How each act ended, and the day it was entered: before it when it was planned, days after it now and then."""
    draws = scene.draws
    is_planned = np.isin(kind, (VISIT, MEETING, TRAINING, EVENT)) & draws.chance("entered before", 0.4, *key)
    late = np.minimum(20, 1 + np.floor(4.0 * draws.exponential("act delay", *key))).astype(np.int64)
    after = day + np.where(draws.chance("act entered late", 0.3, *key), late, 0)
    entered = np.where(is_planned, day - 1 - draws.below("planned before", PLANNED_DAYS - 1, *key), after)
    entered = np.maximum(scene.first, entered)
    failed = np.where(draws.chance("act missed", 0.4, *key), MISSED, CANCELLED)
    fails = is_planned & (draws.chance("act fails", 0.07, *key) | ~answered)
    return np.where(fails, failed, DONE), entered


def _signs(draws: Draws, code: Ints, strain: Floats, key: tuple[Ints, ...], *, answered: Bools) -> Ints:
    """The sign each act gave, or -1; a fifth are never written down."""
    edges = np.cumsum(_SIGNS, axis=1) / 100.0
    luck = draws.uniform("sign", *key)
    sign = (luck[:, None] >= edges[code]).sum(axis=1)
    sign = np.where(sign < len(SIGNS), sign, -1)
    upset = (strain > 0.5) & (code < 5) & (sign < 0) & draws.chance("upset", 0.14, *key)
    sign = np.where(upset, np.where(draws.chance("upset how", 0.5, *key), 7, 9), sign)
    return np.where(answered & ~draws.chance("sign unwritten", 0.2, *key), sign, -1)


def state_on(acts: Acts, day: int) -> tuple[Ints, Ints]:
    """The state of each act on a day, and the day it last changed."""
    state = np.where(acts.day <= day, acts.end, PLANNED)
    return state, last_change(acts.entered, np.maximum(acts.day, acts.entered), acts.edited, until=day)
