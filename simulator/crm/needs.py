"""What each house cares for: its own themes, the need it has in all, and the share of it that it buys from us."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.crm.people import affinity
from simulator.crm.scene import Scene
from simulator.crm.themes import THEME_NAMES
from simulator.draws import Draws, Floats, Ints


@dataclass(frozen=True, slots=True)
class Needs:
    """One entry per account. `wallet` is what the house spends a year in our trade, ours being `share` of it."""

    first: Ints
    second: Ints
    wallet: Floats
    share: Floats
    contentment: Floats

    def themes(self, draws: Draws, stream: str, row: Ints, *keys: Ints) -> Ints:
        """A theme for each row: one of the house's own more often than not."""
        which = draws.picked(stream, (40, 20, 40), *keys)
        any_theme = draws.below(f"{stream} any", len(THEME_NAMES), *keys)
        return np.asarray(np.select([which == 0, which == 1], [self.first[row], self.second[row]], any_theme))


def draw_needs(scene: Scene) -> Needs:
    """The needs of the scene's accounts."""
    draws, accounts, number = scene.draws, scene.accounts, scene.accounts.number
    first = draws.below("need", len(THEME_NAMES), number)
    second = (first + 1 + draws.below("second need", len(THEME_NAMES) - 1, number)) % len(THEME_NAMES)
    inclined = affinity(scene)
    usual_order = np.exp(accounts.log_order_value + accounts.order_spread**2 / 2)
    spend = np.where(accounts.is_buyer, usual_order * 365.0 / accounts.gap_days, 0.0)
    share = 1.0 / (
        1.0 + np.exp(0.9 - 0.5 * inclined - 0.4 * (accounts.breadth - 2) + 0.6 * draws.normal("share", number))
    )
    return Needs(
        first=first,
        second=second,
        wallet=np.where(spend > 0, spend / share, usual_order * 12.0),
        share=np.where(spend > 0, share, 0.0),
        contentment=7.4 + 0.7 * inclined,
    )
