"""Supporters recommend us; some of those they send begin to buy."""

from __future__ import annotations

import numpy as np

from simulator.accounts import arrival_days, arrived_by
from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, numbered, office_minute
from simulator.crm.people import People
from simulator.crm.scene import PERIOD, Scene, grid, last_change
from simulator.crm.tables import REFERRAL
from simulator.draws import Ints
from simulator.erp_rows import evening
from simulator.seasons import NEVER
from simulator.tables import Rows

_A_PERIOD = 0.018
_LEADS_TO_A_CUSTOMER = 0.4
_GIVEN_UP_AFTER = 90


def referral_rows(scene: Scene, people: People) -> Rows:
    """The referrals entered or changed in the scene's days. Whom one led to is known once that customer has begun."""
    draws = scene.draws
    person, period = grid(len(people), range(scene.first // PERIOD, scene.until // PERIOD + 1))
    key: tuple[Ints, ...] = (scene.accounts.number[people.row[person]], people.slot[person], period)
    day = np.maximum(scene.first, period * PERIOD + draws.below("refers on", PERIOD, *key))
    at = np.flatnonzero((day <= scene.until) & draws.chance("refers", _A_PERIOD, *key))
    at = at[(people.level_on(person[at], day[at]) >= 4) & people.present(person[at], day[at])]
    person, day = person[at], day[at]
    key = tuple(part[at] for part in key)
    arrived = np.array(
        [arrived_by(one, accounts=scene.world_accounts, first_day=scene.first) for one in day.tolist()], dtype=np.int64
    )
    referred = arrived + 1 + draws.below("refers whom", 4, *key)
    begins = arrival_days(draws, referred, accounts=scene.world_accounts, first_day=scene.first)
    leads = draws.chance("refers well", _LEADS_TO_A_CUSTOMER, *key) & (begins > day)
    won = np.where(leads, begins, NEVER)
    lost = np.where(leads, NEVER, day + _GIVEN_UP_AFTER)
    changed = last_change(day, won, lost, until=scene.until)
    at = np.flatnonzero(scene.wanted(day, changed))
    key = tuple(part[at] for part in key)
    is_won = won[at] <= scene.until
    state = np.where(is_won, 1, np.where(lost[at] <= scene.until, 2, 0))
    return Rows(
        table=REFERRAL,
        values={
            "referral_no": numbered("RF", *key, widths=(6, 2, 4)),
            "account_no": accounts_of(key[0]),
            "contact_no": contacts_of(key[0], key[1]),
            "referred_no": blanked(accounts_of(referred[at]), ~is_won),
            "state": chosen(("open", "won", "lost"), state),
            "referred_at": moments_of(day[at], office_minute(draws, "refers", *key)),
        },
        entered=day[at],
        changed=changed[at],
        minute=evening(draws, *key),
    )
