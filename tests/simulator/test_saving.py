"""The planted effect of a programme is what it says it is."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.draws import Draws
from simulator.saving import Fates, draw_fates

COUNT = 20_000
NUMBER = np.arange(COUNT, dtype=np.int64)
TREATED = NUMBER % 10 > 0


def _fates(factor: float, *, hazard: float = 2.0, days: int = 90, seed: int = 3) -> Fates:
    return draw_fates(
        Draws(seed),
        NUMBER,
        programme=1,
        treated=TREATED,
        annual_hazard=np.full(COUNT, hazard),
        factor=factor,
        days=days,
    )


@pytest.mark.parametrize(
    ("factor", "hazard", "days"), [(0.5, 2.0, 90), (0.0, 1.0, 180), (1.0, 0.3, 365), (0.8, 6.0, 30)]
)
def test_as_many_are_lost_as_the_rates_say(factor: float, hazard: float, days: int) -> None:
    fates = _fates(factor, hazard=hazard, days=days)
    for lost, rate in ((fates.lost_if_left_out, hazard), (fates.lost_if_treated, hazard * factor)):
        expected = -np.expm1(-rate * days / 365)
        assert abs(lost.mean() - expected) <= 4 * np.sqrt(expected * (1 - expected) / COUNT)
    assert fates.saved.mean() == pytest.approx(np.exp(-hazard * factor * days / 365) - np.exp(-hazard * days / 365))


def test_things_go_as_the_arm_says_and_nobody_is_lost_by_being_treated() -> None:
    fates = _fates(0.5)
    assert (fates.lost[TREATED] == fates.lost_if_treated[TREATED]).all()
    assert (fates.lost[~TREATED] == fates.lost_if_left_out[~TREATED]).all()
    assert not (fates.lost_if_treated & ~fates.lost_if_left_out).any()
    assert (fates.lost_if_left_out & ~fates.lost_if_treated).sum() > COUNT / 20


def test_a_programme_without_effect_changes_nobody() -> None:
    fates = _fates(1)
    assert (fates.lost_if_treated == fates.lost_if_left_out).all()
    assert (fates.saved == 0).all()


def test_the_fate_of_a_customer_does_not_depend_on_who_else_is_asked_for() -> None:
    one = draw_fates(Draws(3), NUMBER[7:8], programme=1, treated=TREATED[7:8], annual_hazard=np.array([2.0]),
                     factor=0.5, days=90)  # fmt: skip
    assert one.lost[0] == _fates(0.5).lost[7]
    assert (_fates(0.5).lost != _fates(0.5, seed=4).lost).any()
