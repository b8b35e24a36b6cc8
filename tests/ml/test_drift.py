"""Drift: false alarms are as rare as promised, and what has changed is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from ml.catalogue import NUMERIC_NAMES
from ml.drift import (
    SCORE,
    Drift,
    compare,
    counts_in,
    edges_of,
    reference_of,
    stability_index,
    stability_limit,
    volume,
)
from ml.model import churn_probability
from tests.ml.world import UNKNOWN, make_rows

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

DRAWS = 2000


def of(drifts: list[Drift], kind: str, feature: str) -> Drift:
    (found,) = [each for each in drifts if (each.kind, each.feature) == (kind, feature)]
    return found


def reference(values: np.ndarray[Any, np.dtype[np.float64]], *, rows_each: int = 1) -> dict[str, Any]:
    """The reference of one feature, with so many rows of the same value of each account."""
    rows = make_rows(accounts=len(values), snapshots=1).assign(tenure_days=values)
    return reference_of(pd.concat([rows] * rows_each), np.full(len(values) * rows_each, 0.5))


def tonight(values: np.ndarray[Any, np.dtype[np.float64]], was: dict[str, Any]) -> list[Drift]:
    rows = make_rows(accounts=len(values), snapshots=1).assign(tenure_days=values)
    return compare(was, rows, np.full(len(values), 0.5))


def test_the_index_is_the_sum_over_bins_of_the_difference_times_the_log_of_the_ratio() -> None:
    before, now = [40, 30, 30, 0], [10, 20, 60, 10]
    expected = 0.0
    for was, is_now in zip(before, now, strict=True):
        p, q = (was + 0.5) / 102, (is_now + 0.5) / 102
        expected += q * np.log(q / p) - p * np.log(q / p)
    assert stability_index(np.array(before), np.array(now)) == pytest.approx(expected)
    assert stability_index(np.array(before), 2 * np.array(before) + 0) < 0.01
    assert stability_index(np.array(before), np.array(before)) == 0


@pytest.mark.parametrize(
    ("before", "now", "values"),
    [(300, 300, None), (1000, 1000, None), (2000, 200, None), (200, 1000, 5), (1000, 300, 3)],
)
def test_the_limit_is_the_99_percent_quantile_of_the_index_when_nothing_drifts(
    before: int, now: int, values: int | None
) -> None:
    """By simulation, of continuous features and of those that take few values."""
    random = np.random.default_rng([before, now])

    def draw(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        return random.lognormal(3, 1, count) if values is None else random.integers(0, values, count).astype(float)

    alarms, indices, limits = 0, [], []
    for _ in range(DRAWS):
        was = reference_like(draw(before))
        found = index_of(was, draw(now))
        alarms += found[0] > found[1]
        indices.append(found[0])
        limits.append(found[1])
    # 20 are expected; by chance alone 4 to 40 of 2,000 in all but one of a hundred thousand tries
    assert 4 <= alarms <= 40
    assert np.quantile(indices, 0.99) == pytest.approx(float(np.median(limits)), rel=0.2)


def reference_like(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """What reference_of keeps of one feature, without the frames, so that thousands of draws are quick."""
    edges = edges_of(values)
    return {"edges": edges, "counts": counts_in(values, edges), "known_count": len(values)}


def index_of(was: dict[str, Any], values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    now = counts_in(values, was["edges"])
    return stability_index(was["counts"], now), stability_limit(was["known_count"], len(values), len(now))


def test_rows_of_one_account_are_not_taken_for_accounts_of_their_own() -> None:
    """Nine rows of each account that say the same: by the rows every third night would drift."""
    random = np.random.default_rng(5)
    by_accounts = by_rows = 0
    for _ in range(300):
        was = reference(random.normal(500, 90, 200), rows_each=9)
        found = of(tonight(random.normal(500, 90, 200), was), "psi", "tenure_days")
        by_accounts += found.is_drifting
        by_rows += found.value > stability_limit(1800, 200, 10)
    assert by_accounts <= 12
    assert by_rows > 20


def test_bins_are_about_equally_full_and_none_is_empty() -> None:
    features = reference_of(make_rows(accounts=400, snapshots=2), np.linspace(0, 1, 800))["features"]
    assert set(features) == {SCORE, *NUMERIC_NAMES} - {"silence_probability", *UNKNOWN}  # nobody's is known here
    for name, told in features.items():
        assert min(told["counts"]) > 0, name
        assert sorted(set(told["edges"])) == told["edges"]
        assert len(told["counts"]) == len(told["edges"]) + 1 <= 10
    assert features[SCORE]["counts"] == [80] * 10
    known = make_rows(accounts=400, snapshots=2)["median_gap_days"].notna()
    assert features["median_gap_days"]["missing_rate"] == pytest.approx(1 - known.mean())
    assert sum(features["median_gap_days"]["counts"]) == known.sum()


@pytest.mark.parametrize(("shift", "is_found"), [(0.0, False), (0.5, True), (-0.5, True)])
def test_a_shift_of_half_a_standard_deviation_of_500_accounts_is_found(shift: float, is_found: bool) -> None:
    random = np.random.default_rng(8)
    was = reference(random.normal(500, 90, 500))
    found = of(tonight(random.normal(500 + 90 * shift, 90, 500), was), "psi", "tenure_days")
    assert found.is_drifting is is_found
    assert (found.before_count, found.now_count, found.bins_count) == (500, 500, 10)


def test_a_score_that_moves_is_found_and_features_that_stay_are_not() -> None:
    rows = make_rows(accounts=500, snapshots=1)
    random = np.random.default_rng(2)
    was = reference_of(rows, random.beta(2, 5, 500))
    drifts = compare(was, rows, random.beta(4, 5, 500))
    assert [each.feature for each in drifts if each.is_drifting] == [SCORE]
    assert {each.value for each in drifts if each.kind == "psi" and each.feature != SCORE} == {0.0}


def test_a_model_does_not_drift_on_new_accounts_like_those_it_learned_from(
    pipeline: Pipeline, rows: pd.DataFrame
) -> None:
    """Though it is sharper on rows that it has seen."""
    was = reference_of(rows, churn_probability(pipeline, rows))
    nights = [make_rows(accounts=300, snapshots=1, seed=1000 + number) for number in range(20)]
    found = [each for night in nights for each in compare(was, night, churn_probability(pipeline, night))]
    scores = [each for each in found if each.feature == SCORE]
    assert len(scores) == 20
    assert sum(each.is_drifting for each in scores) <= 1
    assert sum(each.is_drifting for each in found) <= 0.02 * len(found)
    late = nights[0].assign(overdue_ratio=nights[0]["overdue_ratio"] * 3)
    assert of(compare(was, late, churn_probability(pipeline, late)), "psi", SCORE).is_drifting


def test_a_feature_that_goes_missing_is_found_and_has_no_index_when_nobody_has_it() -> None:
    values = np.random.default_rng(4).normal(500, 90, 400)
    was = reference(values)
    some = values.copy()
    some[:40] = np.nan
    found = of(tonight(some, was), "missing", "tenure_days")
    assert found.value == pytest.approx(0.1)
    assert found.is_drifting
    gone = tonight(np.full(400, np.nan), was)
    assert of(gone, "missing", "tenure_days").is_drifting
    assert [each for each in gone if (each.kind, each.feature) == ("psi", "tenure_days")] == []


def test_missing_values_alarm_by_chance_in_one_of_a_hundred_nights_at_most() -> None:
    random = np.random.default_rng(6)
    alarms = 0
    for _ in range(300):
        was = reference(np.where(random.random(300) < 0.2, np.nan, 1.0))
        alarms += of(
            tonight(np.where(random.random(250) < 0.2, np.nan, 1.0), was), "missing", "tenure_days"
        ).is_drifting
    assert alarms <= 10


@pytest.mark.parametrize(
    ("before", "now", "is_drifting"),
    [(1000, 1000, False), (1000, 890, False), (1000, 885, True), (1000, 1120, True), (40, 25, False), (40, 16, True)],
)
def test_a_change_of_volume_is_held_against_what_chance_does_to_two_counts(
    before: int, now: int, is_drifting: bool
) -> None:
    found = volume(before, now)
    assert found.value == pytest.approx(abs(now / before - 1))
    assert found.is_drifting is is_drifting
    standard = (now - before) / (now + before) ** 0.5
    assert is_drifting == (2 * norm.sf(abs(standard)) < 0.01)


def test_counts_of_two_nights_alarm_by_chance_in_one_of_a_hundred() -> None:
    random = np.random.default_rng(9)
    alarms = sum(volume(*map(int, random.poisson(400, 2))).is_drifting for _ in range(DRAWS))
    assert 4 <= alarms <= 40
