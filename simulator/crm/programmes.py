"""Campaigns: one a quarter, each with customers left out by chance, and an effect that is planted and known.

A campaign makes some of those it reaches open an opportunity that they would not have opened. It changes no order: the
orders are what they were. Whom the holdout keeps out stays out of every campaign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.behaviour import Mood
from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, money, numbered, office_minute
from simulator.crm.people import People
from simulator.crm.scene import Scene, last_change
from simulator.crm.tables import CAMPAIGN, CAMPAIGN_MEMBER
from simulator.draws import Bools, Draws, Ints
from simulator.erp_rows import dates, evening
from simulator.managers import Manager
from simulator.seasons import NEVER
from simulator.tables import Rows

QUARTER = 90
HOLDOUT_SHARE = 0.2
OUTCOME_DAYS = 60
"""How long after joining an opportunity counts as an outcome."""

KINDS = ("展会", "线上研讨会", "新品推介", "技术培训")
UNTREATED = 0.05
"""Share of members that open an opportunity in those days without the campaign, beside the usual ones."""
UPLIFT = np.array([0.14, 0.08, 0.0, 0.18])
"""What the campaign adds to it, by kind: a third of all campaigns' kinds do little or nothing."""
_CHOSEN = 0.25
_STARTS_AFTER, _LASTS = 10, 30


@dataclass(frozen=True, slots=True)
class Members:
    """One entry per customer chosen for a campaign. `opens` and `opens_untreated`: whether it opens an opportunity
    because of what happened to it, and whether it would if nothing did; `opened` is the day."""

    row: Ints
    quarter: Ints
    joined: Ints
    treated: Bools
    opens_treated: Bools
    opens_untreated: Bools
    opened: Ints

    @property
    def opens(self) -> Bools:
        """Whether it opens one, as things went."""
        return np.where(self.treated, self.opens_treated, self.opens_untreated)

    @property
    def kind(self) -> Ints:
        """The kind of the campaign."""
        return self.quarter % len(KINDS)


def campaign_quarters(first: int, until: int) -> range:
    """The quarters whose campaign has been planned by day `until`."""
    return range(-(-first // QUARTER), until // QUARTER + 1)


def campaign_numbers(quarter: Ints) -> pa.Array:
    """CP and the quarter; nothing for -1."""
    return numbered("CP", quarter, widths=(4,))


def campaign_rows(draws: Draws, managers: list[Manager], *, first: int, until: int) -> Rows:
    """The campaigns planned so far; the cost is known when they are over."""
    quarter = np.arange(*_ends(campaign_quarters(first, until)), dtype=np.int64)
    starts, ends = quarter * QUARTER + _STARTS_AFTER, quarter * QUARTER + _STARTS_AFTER + _LASTS
    budget = np.round(30_000 + 90_000 * draws.uniform("budget", quarter), -3)
    cost = np.round(budget * (0.7 + 0.5 * draws.uniform("cost of campaign", quarter)), 2)
    names = [f"{KINDS[each % len(KINDS)]} {each:04d}" for each in quarter.tolist()]
    owner = draws.below("campaign owner", len(managers), quarter)
    return Rows(
        table=CAMPAIGN,
        values={
            "campaign_no": campaign_numbers(quarter),
            "name": pa.array(names, pa.string()),
            "kind": chosen(KINDS, quarter % len(KINDS)),
            "owner_no": chosen([one.code for one in managers], owner),
            "starts_on": dates(starts),
            "ends_on": dates(ends),
            "budget": money(budget),
            "cost": blanked(money(cost), ends + 10 > until),
        },
        entered=quarter * QUARTER,
        changed=last_change(quarter * QUARTER, ends + 10, until=until),
        minute=evening(draws, quarter, 0, 0),
    )


def draw_members(scene: Scene) -> Members:
    """Whoever was chosen for a campaign up to the last day; a holdout is chosen like the others, and left alone."""
    draws, accounts = scene.draws, scene.accounts
    quarters = np.arange(*_ends(campaign_quarters(scene.first, scene.until)), dtype=np.int64)
    row = np.repeat(np.arange(len(accounts), dtype=np.int64), quarters.size)
    quarter = np.tile(quarters, len(accounts))
    key = (accounts.number[row], quarter)
    joined = quarter * QUARTER + _STARTS_AFTER + draws.below("joins", 5, *key)
    mood = scene.moods.on(row, np.minimum(joined, scene.until))
    is_eligible = (
        (accounts.starts[row] < joined) & np.isin(mood, (Mood.ACTIVE, Mood.FADING)) & ~accounts.is_internal[row]
    )
    at = np.flatnonzero(is_eligible & (joined <= scene.until) & draws.chance("chosen", _CHOSEN, *key))
    row, quarter, joined = row[at], quarter[at], joined[at]
    key = (accounts.number[row], quarter)
    luck = draws.uniform("opens by campaign", *key)
    return Members(
        row=row,
        quarter=quarter,
        joined=joined,
        treated=~draws.chance("holdout", HOLDOUT_SHARE, key[0]),
        opens_treated=luck < UNTREATED + UPLIFT[quarter % len(KINDS)],
        opens_untreated=luck < UNTREATED,
        opened=joined + 2 + draws.below("opens after", OUTCOME_DAYS - 5, *key),
    )


def member_rows(scene: Scene, people: People, members: Members) -> Rows:
    """The members entered or changed in the scene's days; nobody asks a holdout, so it has no state."""
    draws = scene.draws
    key: tuple[Ints, ...] = (scene.accounts.number[members.row], members.quarter)
    reacts = np.where(members.treated, members.joined + 2 + draws.below("reacts", 30, *key), NEVER)
    reacts = np.where(draws.chance("does not react", 0.45, *key), NEVER, reacts)
    changed = last_change(members.joined, reacts, until=scene.until)
    at = np.flatnonzero(scene.wanted(members.joined, changed))
    key = tuple(part[at] for part in key)
    person = people.someone(draws, "member", members.row[at], members.joined[at], *key)
    how = 1 + draws.picked("reaction", (25, 25, 35, 15), *key)
    state = np.where(reacts[at] <= scene.until, how, 0)
    states = ("invited", "responded", "registered", "attended", "declined")
    return Rows(
        table=CAMPAIGN_MEMBER,
        values={
            "member_no": numbered("CM", key[1], key[0], widths=(4, 6)),
            "campaign_no": campaign_numbers(key[1]),
            "account_no": accounts_of(key[0]),
            "contact_no": contacts_of(key[0], np.where(person < 0, -1, people.slot[person])),
            "arm": chosen(("holdout", "treated"), members.treated[at].astype(np.int64)),
            "state": chosen(states, np.where(members.treated[at], state, -1)),
            "joined_at": moments_of(members.joined[at], office_minute(draws, "joined", *key)),
        },
        entered=members.joined[at],
        changed=changed[at],
        minute=evening(draws, *key),
    )


def _ends(quarters: range) -> tuple[int, int]:
    return quarters.start, quarters.stop
