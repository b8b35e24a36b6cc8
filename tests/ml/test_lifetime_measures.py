"""Recall, share and sum of foreseen amounts by other reckonings, and the interval beside an amount."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau

from ml.lifetime.measures import Graded, Ranking, measure, recall
from ml.lifetime.spread import learn_spread


def expected_recall(brought: list[float], foreseen: list[float]) -> float:
    """The mean over every order of those that are equal, each taken in turn: five accounts have one of high value."""
    hits = []
    for order in itertools.permutations(range(len(brought))):
        top = max(order, key=lambda each: (foreseen[each], -order.index(each)))
        high = max(order[::-1], key=lambda each: (brought[each], order.index(each)))
        hits.append((top, high))
    tops = [top for top, _ in hits]
    highs = [high for _, high in hits]
    return sum(tops.count(each) / len(tops) * highs.count(each) / len(highs) for each in range(len(brought)))


@pytest.mark.parametrize(
    ("brought", "foreseen"),
    [
        ([9, 1, 2, 3, 4], [5, 1, 2, 3, 4]),
        ([9, 1, 2, 3, 4], [1, 5, 2, 3, 4]),
        ([9, 1, 2, 3, 4], [5, 5, 2, 3, 5]),
        ([9, 9, 2, 3, 4], [5, 1, 2, 5, 4]),
        ([9, 1, 2, 3, 4], [0, 0, 0, 0, 0]),
    ],
)
def test_recall_is_expected_over_every_order_of_equal_amounts(brought: list[float], foreseen: list[float]) -> None:
    graded = Graded(np.array(brought, dtype=float), np.array(foreseen, dtype=float))
    assert recall([graded]) == pytest.approx(expected_recall(brought, foreseen))


def test_a_row_of_weight_three_counts_as_three_rows() -> None:
    random = np.random.default_rng(3)
    brought, foreseen = random.integers(0, 9, 40).astype(float), random.integers(0, 9, 40).astype(float)
    weights = random.integers(0, 4, 40)
    whole = Graded(np.repeat(brought, weights), np.repeat(foreseen, weights))
    assert recall([Graded(brought, foreseen)], weights.astype(float)) == pytest.approx(recall([whole]))
    assert Ranking(foreseen).top(weights.astype(float)) @ weights == pytest.approx(0.2 * weights.sum())


def test_who_brought_nothing_is_not_of_high_value() -> None:
    brought = np.array([7.0, *np.zeros(9)])
    assert recall([Graded(brought, np.array([1.0, *np.zeros(9)]))]) == 1
    assert np.isnan(recall([Graded(np.zeros(10), np.arange(10.0))]))


def test_each_measure_by_hand() -> None:
    days = [
        Graded(np.array([100.0, 0, 0, 0, 50]), np.array([80.0, 1, 2, 3, 4])),
        Graded(np.array([0.0, 10, 0, 0, 40]), np.array([9.0, 1, 0, 0, np.nan])),
    ]
    found = measure(days)
    assert found.recall == 0.5
    assert found.revenue_share == pytest.approx(100 / 200)
    assert found.mae == pytest.approx((20 + 1 + 2 + 3 + 46 + 9 + 9 + 0 + 0 + 40) / 10)
    assert found.bias == pytest.approx((80 + 1 + 2 + 3 + 4 + 9 + 1) / 200)
    assert found.row_count == 10
    everybody = (np.concatenate([day.brought for day in days]), np.concatenate([day.foreseen for day in days]))
    ranks = [[(values < each).sum() + (values == each).sum() / 2 for each in values] for values in everybody]
    assert found.spearman == pytest.approx(np.corrcoef(np.array(ranks))[0, 1])
    assert np.sign(found.spearman) == np.sign(kendalltau(*everybody).statistic)


def test_eight_of_ten_lie_within_the_limits_on_rows_that_were_not_looked_at() -> None:
    random = np.random.default_rng(6)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        foreseen = np.where(random.random(count) < 0.1, 0.0, random.lognormal(5, 1, count))
        wide = np.where(foreseen > 150, 0.2, 0.9)  # the larger, the surer
        brought = np.where(foreseen == 0, random.exponential(3, count), foreseen * random.lognormal(0, wide))
        return foreseen, brought

    spread = learn_spread(*draw(20_000))
    assert spread is not None
    foreseen, brought = draw(20_000)
    low, high = spread.limits(foreseen)
    within = (low <= brought) & (brought <= high)
    assert within[foreseen > 0].mean() == pytest.approx(0.8, abs=0.02)
    assert within[foreseen > 200].mean() == pytest.approx(0.8, abs=0.03)
    assert within[foreseen == 0].mean() == pytest.approx(0.9, abs=0.02)
    assert (high / np.maximum(foreseen, 1e-9))[foreseen > 400].max() < 1.6


def test_few_graded_rows_say_nothing_of_limits() -> None:
    assert learn_spread(np.append(np.ones(249), np.zeros(99)), np.ones(348)) is None
    spread = learn_spread(np.append(np.arange(1.0, 301), np.zeros(49)), np.ones(349))
    assert spread is not None
    low, high = spread.limits(np.array([5.0, 0.0, np.nan]))
    assert low[0] <= high[0]
    assert np.isnan(high[1:]).all()
