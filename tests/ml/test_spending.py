"""The model of spending against another's code, against customers drawn from it, and at its edges."""

from __future__ import annotations

import warnings
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from ml.spending import SpendingModel, SpendingModelError, fit_spending

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import GammaGammaFitter

CDNOW = resources.files("lifetimes") / "datasets" / "cdnow_customers_summary_with_transactions.csv"


def test_another_code_finds_the_same_on_cdnow() -> None:
    summary = pd.read_csv(str(CDNOW))
    buyers = summary[(summary["x"] > 0) & (summary["zbar"] > 0)]
    days, mean = (buyers[name].to_numpy(dtype=np.float64) for name in ("x", "zbar"))
    theirs = GammaGammaFitter()
    theirs.fit(buyers["x"], buyers["zbar"])
    ours = fit_spending(days, mean, penalty=0)
    assert (ours.p, ours.q, ours.v) == pytest.approx(tuple(theirs.params_[["p", "q", "v"]]), rel=0.01)
    expected = theirs.conditional_expected_average_profit(buyers["x"], buyers["zbar"])
    assert ours.expected(days, mean) == pytest.approx(expected.to_numpy(), rel=0.005)


def test_the_numbers_of_drawn_customers_are_found_again() -> None:
    random = np.random.default_rng(11)
    true = SpendingModel(p=5.0, q=4.0, v=300.0)
    days = random.integers(1, 30, 5_000).astype(float)
    scale = random.gamma(true.q, 1 / true.v, days.size)
    mean = random.gamma(true.p * days, 1 / scale) / days
    found = fit_spending(days, mean)
    assert found.usual == pytest.approx(true.usual, rel=0.02)
    assert found.expected(days, mean) == pytest.approx(true.expected(days, mean), rel=0.05)


def test_few_orders_are_drawn_to_what_all_spend_and_many_are_not() -> None:
    model = SpendingModel(p=2.0, q=3.0, v=100.0)
    assert model.usual == 100
    one, many = model.expected(np.array([1.0, 1_000.0]), np.array([500.0, 500.0]))
    assert 100 < one < 500
    assert many == pytest.approx(500, rel=0.01)
    assert model.expected(np.array([0.0]), np.array([np.nan])) == pytest.approx(100)


def test_amounts_that_are_not_positive_do_not_count() -> None:
    random = np.random.default_rng(2)
    days, mean = random.integers(1, 9, 100).astype(float), random.gamma(3, 50, 100)
    spoiled = fit_spending(np.append(days, [3, 3, 0]), np.append(mean, [-70, 0, np.nan]))
    assert spoiled == fit_spending(days, mean)
    with pytest.raises(SpendingModelError, match="29 customers"):
        fit_spending(days[:29], mean[:29])
