"""How strained an account is with us, day by day: what its people feel before the orders tell.

The lives are given; strain follows them. A fading account is strained more and more. Most of the others that will leave
are strained for some weeks before. Troubles strain for a while. And now and then an account is strained and stays.
"""

from __future__ import annotations

import numpy as np

from simulator.accounts import Accounts
from simulator.behaviour import Mood, Moods, Purchases
from simulator.draws import Bools, Draws, Singles

AHEAD = 100
"""Days of life beyond the last one that strain looks at: the longest lead, and what is planned ahead."""

_LEAST_LEAD, _LEAD_SPREAD = 20, 60
_LEAVERS_WHO_SHOW_IT = 0.75
_ALARM_DAYS = 60
_FALSE_ALARM = 0.06
_TROUBLE_AFTER = 12
"""Days from an order that will be late or come back to the day its customer feels it."""
_TROUBLE_KEPT_A_DAY = 0.5 ** (1 / 30)


def strain_of(draws: Draws, accounts: Accounts, purchases: Purchases, moods: Moods) -> Singles:
    """Strain from 0 to 1 by day (rows) and account (columns); true up to AHEAD less the longest lead before the end."""
    shown = np.maximum(_before_leaving(draws, accounts, moods), _while_it_lasts(draws, accounts, moods))
    return np.asarray(np.clip(shown + 0.3 * _troubles(purchases, moods), 0.0, 1.0).astype(np.float32))


def _before_leaving(draws: Draws, accounts: Accounts, moods: Moods) -> Singles:
    """Rises from a third to one within each account's own lead, for most of those that will leave."""
    mood = moods.mood
    strain: Singles = np.zeros(mood.shape, dtype=np.float32)
    lead = _LEAST_LEAD + draws.below("lead", _LEAD_SPREAD, accounts.number)
    leaves = np.full(len(accounts), mood.shape[0] + 1_000, dtype=np.int64)
    shows = np.zeros(len(accounts), dtype=np.bool_)
    for at in range(mood.shape[0] - 1, 0, -1):
        begins = np.flatnonzero((mood[at] == Mood.LEFT) & (mood[at - 1] != Mood.LEFT))
        leaves[begins] = at
        day = at + moods.first_day
        shows[begins] = draws.chance("leaver shows it", _LEAVERS_WHO_SHOW_IT, accounts.number[begins], day)
        left_days = leaves - at
        strain[at] = np.where(shows & (left_days <= lead), 1.0 - 0.65 * left_days / lead, 0.0)
    return strain


def _while_it_lasts(draws: Draws, accounts: Accounts, moods: Moods) -> Singles:
    mood = moods.mood
    strain: Singles = np.zeros(mood.shape, dtype=np.float32)
    fading = np.zeros(len(accounts), dtype=np.int64)
    alarmed: Bools = np.zeros(len(accounts), dtype=np.bool_)
    for at in range(mood.shape[0]):
        day = at + moods.first_day
        if at == 0 or day % _ALARM_DAYS == 0:
            alarmed = draws.chance("false alarm", _FALSE_ALARM, accounts.number, day // _ALARM_DAYS)
        fading = np.where(mood[at] == Mood.FADING, fading + 1, 0)
        strain[at] = np.select(
            [fading > 0, mood[at] == Mood.LEFT, mood[at] == Mood.PAUSED],
            [0.45 + 0.5 * np.minimum(fading / 60, 1.0), 0.8, 0.3],
            default=0.0,
        )
        strain[at] = np.maximum(strain[at], np.where(alarmed, 0.55, 0.0))
    return strain


def _troubles(purchases: Purchases, moods: Moods) -> Singles:
    troubles: Singles = np.zeros(moods.mood.shape, dtype=np.float32)
    is_trouble = purchases.is_late | purchases.is_returned
    at = purchases.day[is_trouble] + _TROUBLE_AFTER - moods.first_day
    is_in = at < troubles.shape[0]
    np.add.at(troubles, (at[is_in], purchases.row[is_trouble][is_in]), 1.0)
    for day in range(1, troubles.shape[0]):
        troubles[day] += troubles[day - 1] * _TROUBLE_KEPT_A_DAY
    return np.minimum(troubles, 2.0)
