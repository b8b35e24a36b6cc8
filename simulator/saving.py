"""What becomes of customers whom a programme tries to keep, and of those it leaves out: an effect that is known.

A programme makes the treated leave at a fraction of their rate. Who is treated is not decided here: arms come from the
house that is to be measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simulator.draws import Bools, Draws, Floats, Ints

YEAR = 365


@dataclass(frozen=True, slots=True)
class Fates:
    """One entry per customer: whether it is lost within the days if it is treated, and if it is left out.

    Both come of one draw, so nobody is lost because of a treatment that makes people stay. `chance_treated` and
    `chance_left_out` are how likely either was, from 0 to 1.
    """

    treated: Bools
    lost_if_treated: Bools
    lost_if_left_out: Bools
    chance_treated: Floats
    chance_left_out: Floats

    @property
    def lost(self) -> Bools:
        """Whether it is lost, as things went."""
        return np.where(self.treated, self.lost_if_treated, self.lost_if_left_out)

    @property
    def saved(self) -> Floats:
        """How much less likely it is to be lost if it is treated, from -1 to 1; the mean of it is the true effect."""
        return self.chance_left_out - self.chance_treated


def draw_fates(
    draws: Draws, number: Ints, *, programme: int, treated: Bools, annual_hazard: Floats, factor: ArrayLike, days: int
) -> Fates:
    """Draw whether each customer is lost within `days` (1 or more) of a programme.

    `annual_hazard` is the expected number of leaves in a year, as the truth has it, 0 or more; a treated customer
    leaves at `factor` times that rate: 1 is no effect, 0.5 halves it, 0 keeps everybody. `number` is the customer's,
    so the fate of one does not depend on who else is asked for.
    """
    exposure = np.asarray(annual_hazard, dtype=np.float64) * days / YEAR
    left_out = 1 - np.exp(-exposure)
    if_treated = 1 - np.exp(-exposure * np.asarray(factor, dtype=np.float64))
    luck = draws.uniform("lost in spite of a programme", number, programme)
    return Fates(
        treated=treated,
        lost_if_treated=luck < if_treated,
        lost_if_left_out=luck < left_out,
        chance_treated=if_treated,
        chance_left_out=left_out,
    )
