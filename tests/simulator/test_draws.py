"""Chance that is addressed, not consumed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.draws import Draws

KEYS = st.lists(st.integers(0, 2**40), min_size=1, max_size=20)


@given(seed=st.integers(0, 2**31), keys=KEYS, day=st.integers(0, 30_000))
def test_a_draw_does_not_depend_on_its_neighbours(seed: int, keys: list[int], day: int) -> None:
    together = Draws(seed).uniform("turn", np.array(keys), day)
    alone = [Draws(seed).uniform("turn", key, day)[0] for key in keys]
    assert together.tolist() == alone
    assert ((together > 0) & (together < 1)).all()


@pytest.mark.parametrize("other", ["seed", "stream", "key", "order of keys"])
def test_another_address_is_another_draw(other: str) -> None:
    numbers = np.arange(1, 200)
    draws = Draws(7).uniform("turn", numbers, 5)
    changed = {
        "seed": Draws(8).uniform("turn", numbers, 5),
        "stream": Draws(7).uniform("size", numbers, 5),
        "key": Draws(7).uniform("turn", numbers, 6),
        "order of keys": Draws(7).uniform("turn", 5, numbers),
    }[other]
    different = draws != changed
    assert different.sum() >= numbers.size - 1  # (5, 5) is the same either way round
    assert abs(np.corrcoef(draws, changed)[0, 1]) < 0.25


def test_uniform_draws_fill_every_tenth_alike() -> None:
    counts = np.histogram(Draws(7).uniform("turn", np.arange(100_000)), bins=10, range=(0, 1))[0]
    # 9 degrees of freedom: chi-square above 27.9 once in a thousand seeds
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9


def test_normal_and_erlang_draws_have_their_moments() -> None:
    at = np.arange(100_000)
    normal = Draws(7).normal("order value", at)
    steady = Draws(7).erlang("gap", np.full(at.size, 4), at)
    assert (normal.mean(), normal.std()) == pytest.approx((0, 1), abs=0.015)
    assert (steady.mean(), steady.std()) == pytest.approx((1, 0.5), abs=0.01)


def test_picks_follow_their_weights() -> None:
    picks = Draws(7).picked("size", (55, 33, 12), np.arange(50_000))
    assert np.bincount(picks) / picks.size == pytest.approx([0.55, 0.33, 0.12], abs=0.01)
