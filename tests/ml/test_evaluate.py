"""Measures, against values counted by hand or by another route."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from ml.evaluate import (
    Grade,
    average_precision_difference,
    expected_hits,
    grade,
    measure,
    top_decile_lift,
)


def test_ties_at_the_cut_count_with_their_expected_value() -> None:
    # one account above the cut, three tied for the one place left; one of the three churned
    churned = np.array([True, True, False, False, False])
    score = np.array([9.0, 5.0, 5.0, 5.0, 1.0])
    assert expected_hits(churned, score, 2) == pytest.approx(1 + 1 / 3)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=2, max_size=6),
    st.integers(1, 3),
)
def test_expected_hits_are_the_mean_over_every_order_of_the_tied(cases: list[tuple[bool, int]], top: int) -> None:
    churned = np.array([each[0] for each in cases])
    score = np.array([float(each[1]) for each in cases])
    top = min(top, len(cases))
    hits = [
        sum(churned[list(order[:top])])
        for order in itertools.permutations(range(len(cases)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    assert expected_hits(churned, score, top) == pytest.approx(np.mean(hits))


def test_a_random_score_of_ten_levels_has_no_lift() -> None:
    random = np.random.default_rng(7)
    lifts = [top_decile_lift(random.random(500) < 0.1, random.integers(0, 10, 500).astype(float)) for _ in range(300)]
    assert np.mean(lifts) == pytest.approx(1.0, abs=0.05)


def test_a_constant_score_has_a_lift_of_one_and_no_more() -> None:
    churned = np.array([True] * 5 + [False] * 45)
    assert top_decile_lift(churned, np.zeros(50)) == pytest.approx(1.0)


def test_a_perfect_ranking_is_measured_as_perfect() -> None:
    churned = np.array([True] * 10 + [False] * 90)
    score = np.linspace(1, 0, 100)
    found = measure(churned, score, np.where(churned, 1.0, 0.0), capacity=20)
    assert (found.auc, found.average_precision, found.top_decile_lift) == pytest.approx((1.0, 1.0, 10.0))
    assert (found.brier, found.brier_skill, found.precision_at_capacity) == (0.0, 1.0, 0.5)


def test_saying_the_base_rate_to_everyone_has_no_skill() -> None:
    churned = np.array([True] * 30 + [False] * 70)
    found = measure(churned, np.arange(100.0), np.full(100, 0.3), capacity=10)
    assert found.brier_skill == pytest.approx(0.0)


def test_precision_at_capacity_is_per_list_not_over_all_of_them() -> None:
    churned = np.array([True, False, True, False])
    score = np.array([0.9, 0.8, 0.2, 0.1])
    found = measure(churned, score, capacity=1, snapshots=np.array(["june", "june", "july", "july"]))
    assert found.precision_at_capacity == 1.0
    assert measure(churned, score, capacity=2).precision_at_capacity == 0.5


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
def test_the_bootstrap_s_average_precision_is_the_usual_one(cases: list[tuple[bool, int, int]]) -> None:
    churned = np.array([True, *(each[0] for each in cases)])
    score = np.array([3.0, *(float(each[1]) for each in cases)])
    other = np.array([2.0, *(float(each[2]) for each in cases)])
    found = average_precision_difference(churned, score, other, accounts=np.arange(len(score)), seed=1, draws=2)
    usual = average_precision_score(churned, score) - average_precision_score(churned, other)
    assert found.value == pytest.approx(usual)


def test_the_interval_holds_zero_for_equal_rankings_and_not_for_a_better_one() -> None:
    random = np.random.default_rng(2)
    churned = random.random(800) < 0.3
    good = churned + random.normal(0, 0.8, 800)
    bad = churned + random.normal(0, 3.0, 800)
    accounts = np.arange(800)
    same = average_precision_difference(churned, good, good * 2, accounts=accounts, seed=1)
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)
    better = average_precision_difference(churned, good, bad, accounts=accounts, seed=1)
    assert 0 < better.low < better.value < better.high
    assert better == average_precision_difference(churned, good, bad, accounts=accounts, seed=1)


def test_snapshots_of_one_account_widen_the_interval() -> None:
    random = np.random.default_rng(2)
    churned = random.random(200) < 0.3
    good, bad = churned + random.normal(0, 1, 200), churned + random.normal(0, 2, 200)
    churned, good, bad = np.repeat(churned, 6), np.repeat(good, 6), np.repeat(bad, 6)
    as_if_independent = average_precision_difference(churned, good, bad, accounts=np.arange(1200), seed=1)
    by_account = average_precision_difference(churned, good, bad, accounts=np.repeat(np.arange(200), 6), seed=1)
    assert by_account.high - by_account.low > 1.5 * (as_if_independent.high - as_if_independent.low)


@pytest.mark.parametrize(
    ("model", "expected"), [(0.56, Grade.A), (0.55, Grade.B), (0.51, Grade.B), (0.5, Grade.C), (0.4, Grade.C)]
)
def test_grades_compare_with_the_best_rule(model: float, expected: Grade) -> None:
    assert grade(model, best_rule=0.5) is expected
