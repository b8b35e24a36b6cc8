"""The release gate: a worse challenger is kept back, an equal or better one is not; no segment pays for the rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from ml.release import judge_release, segments_of
from tests.ml.conftest import Marts
from tests.ml.test_train import CURRENT, HISTORY, run
from tests.ml.world import make_rows

Floats = npt.NDArray[np.float64]
TRIALS = 40
DRAWS = 200


def judged(seed: int, *, ours: float, theirs: float) -> bool:
    """Whether a challenger is released whose score says so much of the truth, the incumbent's so much."""
    random = np.random.default_rng(seed)
    accounts = 600
    truth = random.normal(0, 1, accounts)
    test = pd.DataFrame({
        "account_id": [f"A{number}" for number in range(accounts)],
        "is_churned": random.random(accounts) < 1 / (1 + np.exp(1 - 1.5 * truth)),
        "industry": random.choice(["retail", "food"], accounts), "size_band": "", "region": "",
    })  # fmt: skip
    scores = [share * truth + (1 - share) * random.normal(0, 1, accounts) for share in (ours, theirs)]
    return judge_release(test, scores[0], scores[1], incumbent_id="before", draws=DRAWS).is_cleared


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [(0.2, 0.8, 0, 0), (0.5, 0.8, 0, 4), (0.7, 0.7, 36, 40), (0.8, 0.5, 40, 40)],
    ids=["far worse", "worse", "equal", "better"],
)
def test_of_so_many_challengers_those_are_released(ours: float, theirs: float, low: int, high: int) -> None:
    released = sum(judged(seed, ours=ours, theirs=theirs) for seed in range(TRIALS))
    assert low <= released <= high, f"{released} of {TRIALS} released"


def test_better_overall_is_not_enough_when_a_segment_is_surely_worse() -> None:
    random = np.random.default_rng(1)
    rows = make_rows(accounts=1_500, snapshots=1, seed=3)
    truth = rows["is_churned"] + random.normal(0, 0.7, len(rows))
    noise = random.normal(0, 1, len(rows))
    food = (rows["industry"] == "food").to_numpy()
    weak = truth.to_numpy() * 0.5 + noise
    challenger = np.where(food, noise, truth)
    found = judge_release(rows, challenger, np.where(food, truth, weak), incumbent_id="before")
    assert found.difference.low > 0
    assert found.worse_segments == ("industry food",)
    assert not found.is_cleared
    assert "surely worse than before for industry food" in found.verdict()


def test_a_segment_needs_outcomes_of_both_kinds() -> None:
    rows = make_rows(accounts=200, snapshots=1)
    names = [name for name, _ in segments_of(rows.assign(industry=["rare", *["usual"] * 199]))]
    assert "industry usual" in names
    assert "industry rare" not in names
    assert not any(name.startswith("region") for name in names), "nobody has a region"


def test_a_training_is_held_against_the_champion_of_the_days_it_is_tested_on(marts: Marts) -> None:
    """Released on the same ground; kept back when half of what it learns from is turned round; alone when the features
    of the one before are others."""
    marts.fill(HISTORY, CURRENT)
    first = HISTORY["closes_on"].sort_values().unique()[3].date()
    before = run(marts, as_of=first)
    assert before.champion_kind == "model"
    after = run(marts)
    assert after.comparison is not None
    assert after.comparison.release is not None
    assert after.comparison.release.incumbent_id == before.model_id
    assert after.comparison.release.is_cleared
    assert after.champion_id == after.model_id
    assert any("released: average precision beside" in line for line in after.lines())

    tested = HISTORY["snapshot_date"] >= pd.Timestamp(after.comparison.test_from)
    turned = HISTORY["is_churned"] ^ (~tested & (HISTORY.index % 2 == 0))
    marts.fill(HISTORY.assign(is_churned=turned), CURRENT)
    spoiled = run(marts)
    assert spoiled.comparison is not None
    assert spoiled.comparison.release is not None
    assert not spoiled.comparison.release.is_cleared
    assert spoiled.champion_id != spoiled.model_id

    with marts.scorer.transaction():
        marts.scorer.execute("update ops.models set features = array['x'] where model_id = %s", (before.model_id,))
    marts.fill(HISTORY, CURRENT)
    alone = run(marts)
    assert alone.comparison is not None
    assert alone.comparison.release is None
