"""Opportunities: when a house opens one, how it moves, whether it is won. Supporters win deals, strain loses them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.behaviour import Mood
from simulator.crm.needs import Needs
from simulator.crm.people import SUCCESSOR, People
from simulator.crm.programmes import QUARTER, Members
from simulator.crm.scene import Scene
from simulator.draws import Bools, Floats, Ints
from simulator.seasons import NEVER

DEAL_SETTLED = 300
"""Nothing about an opportunity changes later than this many days after its quarter began."""

STAGES = ("初步接洽", "需求确认", "方案报价", "商务谈判", "赢单", "输单")
OPEN_STAGES = 4
WON, LOST = 4, 5
CHANCES = np.array([0.1, 0.25, 0.5, 0.75, 1.0, 0.0])
USUAL, OF_CAMPAIGN = 0, 1
_A_QUARTER = 0.20


@dataclass(frozen=True, slots=True)
class Deals:
    """One entry per opportunity. `steps` are the days it came into each open stage (NEVER for those it did not reach),
    `closed` the day it was won or lost; `champion` is the highest true level in the house when it began."""

    row: Ints
    source: Ints
    quarter: Ints
    campaign: Ints
    opened: Ints
    steps: Ints
    closed: Ints
    is_won: Bools
    champion: Ints
    amount: Floats

    def only(self, keep: Bools | Ints) -> Deals:
        """The deals for which `keep` is true."""
        return Deals(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})

    def key(self, scene: Scene) -> tuple[Ints, Ints, Ints]:
        """What addresses the deal's own chance."""
        return scene.accounts.number[self.row], self.source, self.quarter

    def stage_on(self, day: int) -> Ints:
        """The stage of each deal at the end of a day."""
        reached = (self.steps <= day).sum(axis=1) - 1
        return np.where(self.closed <= day, np.where(self.is_won, WON, LOST), np.maximum(0, reached))


def usual_openings(scene: Scene) -> tuple[Ints, Ints, Ints]:
    """Row, quarter and day of the opportunities that need no campaign, up to the last day."""
    draws, accounts = scene.draws, scene.accounts
    quarters = np.arange(scene.first // QUARTER, scene.until // QUARTER + 1, dtype=np.int64)
    row = np.repeat(np.arange(len(accounts), dtype=np.int64), quarters.size)
    quarter = np.tile(quarters, len(accounts))
    key = (accounts.number[row], quarter)
    grows = np.clip(1.0 + 1.5 * (accounts.rate_trend + accounts.spend_trend)[row], 0.3, 2.0)
    opened = quarter * QUARTER + draws.below("opened", QUARTER, *key)
    is_new = opened - accounts.created[row] < 150
    happens = draws.chance("opens", _A_QUARTER * grows * np.where(is_new, 1.8, 1.0), *key)
    happens &= (opened <= scene.until) & (opened >= scene.first) & (opened >= accounts.starts[row])
    at = np.flatnonzero(happens)
    at = at[scene.moods.on(row[at], opened[at]) != Mood.LEFT]
    at = at[~draws.chance("strain stops", 0.6 * scene.strain_on(row[at], opened[at]), *(part[at] for part in key))]
    return row[at], quarter[at], opened[at]


def draw_deals(scene: Scene, people: People, needs: Needs, members: Members) -> Deals:
    """Every opportunity opened up to the last day; those that a campaign brought have a number of their own."""
    row, quarter, opened = usual_openings(scene)
    by_campaign = np.flatnonzero(members.opens & (members.opened <= scene.until))
    source = np.repeat(np.array([USUAL, OF_CAMPAIGN], dtype=np.int64), (row.size, by_campaign.size))
    campaign = np.where(members.treated, members.quarter, -1)[by_campaign]
    campaign = np.concatenate([np.full(row.size, -1, dtype=np.int64), campaign])
    row = np.concatenate([row, members.row[by_campaign]])
    quarter = np.concatenate([quarter, members.quarter[by_campaign]])
    opened = np.concatenate([opened, members.opened[by_campaign]])
    draws, key = scene.draws, (scene.accounts.number[row], source, quarter)
    champion = _champions(scene, people, row, opened)
    lasts = np.stack([4 + draws.below(f"stage {stage}", 32, *key) for stage in range(OPEN_STAGES)], axis=1)
    reached = opened[:, None] + np.concatenate(
        [np.zeros((row.size, 1), dtype=np.int64), np.cumsum(lasts, axis=1)], axis=1
    )
    strain = scene.strain_on(row, opened)
    grows = (scene.accounts.rate_trend + scene.accounts.spend_trend)[row]
    odds = -1.0 + 0.42 * champion + 1.2 * grows - 1.8 * strain - 0.6 * (source == OF_CAMPAIGN)
    is_won = draws.chance("won", 1.0 / (1.0 + np.exp(-odds)), *key)
    fails_in = np.where(is_won, OPEN_STAGES - 1, draws.picked("fails in", (20, 30, 30, 20), *key))
    stalls = draws.chance("stalls", 0.10, *key) & ~is_won
    steps = np.where(np.arange(OPEN_STAGES) <= fails_in[:, None], reached[:, :OPEN_STAGES], NEVER)
    usual_order = np.exp(scene.accounts.log_order_value[row])
    size = usual_order * np.exp(1.0 + 0.6 * draws.normal("deal size", *key))
    return Deals(
        row=row,
        source=source,
        quarter=quarter,
        campaign=campaign,
        opened=opened,
        steps=steps,
        closed=np.where(stalls, NEVER, reached[np.arange(row.size), fails_in + 1]),
        is_won=is_won,
        champion=champion,
        amount=np.round(size * (1.0 + 0.3 * (1.0 - needs.share[row])), -2),
    )


def _champions(scene: Scene, people: People, row: Ints, day: Ints) -> Ints:
    """The highest level among the people of each row on a day of its own; 0 where nobody is there."""
    best = np.full((len(scene.accounts), people.level.shape[1]), -1, dtype=np.int64)
    own = people.slot < SUCCESSOR
    for at in range(people.level.shape[1]):
        when = np.full(len(people), max(scene.first, (people.first_period + at) * 30), dtype=np.int64)
        there = own & people.present(np.arange(len(people)), when)
        np.maximum.at(best[:, at], people.row[there], people.level[there, at].astype(np.int64))
    return np.maximum(0, best[row, np.clip(day // 30 - people.first_period, 0, best.shape[1] - 1)])
