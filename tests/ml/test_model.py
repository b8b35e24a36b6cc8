"""How the model behaves, whatever its numbers."""

from __future__ import annotations

import itertools
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from ml.compare import MODEL, compare_on
from ml.features import FeatureColumnsError
from ml.leaks import LeakSuspectedError, refuse_leaks
from ml.model import churn_probability, fit_model, used_features
from ml.split import label_gap, split_by_time
from tests.ml.world import make_rows

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TEST_FROM = date(2025, 8, 31)


def test_a_longer_overdue_account_is_never_less_at_risk(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    some = rows.head(100)
    risks = [churn_probability(pipeline, some.assign(overdue_ratio=ratio)) for ratio in (0.2, 1.0, 2.0, 5.0, 20.0)]
    for lower, higher in itertools.pairwise(risks):
        assert (higher >= lower).all()
    assert risks[-1].mean() > risks[0].mean() + 0.1


def test_a_wider_range_of_products_is_never_more_at_risk(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    some = rows.head(100)
    narrow = churn_probability(pipeline, some.assign(products_365d_count=1.0))
    wide = churn_probability(pipeline, some.assign(products_365d_count=40.0))
    assert (narrow >= wide).all()
    assert narrow.mean() > wide.mean() + 0.1


@pytest.mark.parametrize("name", ["industry", "size_band", "region"])
def test_an_unseen_category_is_scored_not_refused(pipeline: Pipeline, rows: pd.DataFrame, name: str) -> None:
    risk = churn_probability(pipeline, rows.head(50).assign(**{name: "launched yesterday"}))
    assert ((risk > 0) & (risk < 1)).all()


def test_a_known_category_moves_the_risk(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    some = rows.head(100)
    retail = churn_probability(pipeline, some.assign(industry="retail"))
    health = churn_probability(pipeline, some.assign(industry="health"))
    assert retail.mean() > health.mean()


def test_a_missing_value_is_scored_but_a_missing_column_stops(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    some = rows.head(20)
    assert np.isfinite(churn_probability(pipeline, some.assign(median_gap_days=np.nan))).all()
    with pytest.raises(FeatureColumnsError, match="without tenure_days"):
        churn_probability(pipeline, some.drop(columns="tenure_days"))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_stops_and_is_named(pipeline: Pipeline, rows: pd.DataFrame, value: float) -> None:
    wild = rows.assign(overdue_ratio=rows["overdue_ratio"].where(rows.index != 3, value))
    for use in (fit_model, lambda frame: churn_probability(pipeline, frame)):
        with pytest.raises(FeatureColumnsError, match="overdue_ratio in 1 rows"):
            use(wild)


def test_one_order_alone_is_enough_for_a_score(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    first = rows.head(1).assign(
        order_days_total_count=1.0, days_since_last_order=0.0, overdue_ratio=0.0, tenure_days=0.0,
        median_gap_days=np.nan, gap_spread_rate=np.nan, silence_probability=np.nan,
    )  # fmt: skip
    assert 0 < float(churn_probability(pipeline, first)[0]) < 1


def test_a_feature_that_never_varies_does_not_move_the_risk(rows: pd.DataFrame) -> None:
    constant = rows.assign(products_365d_count=7.0)
    fitted = fit_model(constant)
    moved = churn_probability(fitted, constant.assign(products_365d_count=70.0))
    np.testing.assert_array_equal(moved, churn_probability(fitted, constant))


def test_a_feature_nobody_has_is_left_out_of_the_fit(rows: pd.DataFrame) -> None:
    bare = rows.assign(gap_spread_rate=np.nan, return_rate_365d=np.nan)
    names = used_features(fit_model(bare))
    assert "gap_spread_rate" not in names
    assert "region" not in names
    assert "overdue_ratio" in names


def test_the_same_rows_in_another_order_give_the_same_predictions(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    again = fit_model(rows.sample(frac=1, random_state=3))
    np.testing.assert_array_equal(churn_probability(again, rows), churn_probability(pipeline, rows))


def test_an_account_s_risk_does_not_depend_on_who_else_is_scored(pipeline: Pipeline, rows: pd.DataFrame) -> None:
    together = churn_probability(pipeline, rows.head(40))
    alone = [churn_probability(pipeline, rows.iloc[[place]])[0] for place in range(40)]
    np.testing.assert_array_equal(together, alone)


def test_the_model_finds_a_signal_no_single_rule_has(rows: pd.DataFrame) -> None:
    train, test = split_by_time(rows, test_from=TEST_FROM, gap=label_gap(rows))
    comparison = compare_on(train, test, capacity=20)
    assert comparison.beats_rule
    assert comparison.qualities[MODEL].auc > 0.7
    assert comparison.qualities["overdue"].auc > 0.6
    skill = comparison.qualities[MODEL].brier_skill
    assert skill is not None
    assert skill > 0.05


def test_probabilities_mean_what_they_say(rows: pd.DataFrame) -> None:
    train, test = split_by_time(rows, test_from=TEST_FROM, gap=label_gap(rows))
    risk = churn_probability(fit_model(train), test)
    for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 1.0)):
        inside = (risk >= low) & (risk < high)
        assert inside.sum() > 20
        assert abs(risk[inside].mean() - test["is_churned"].to_numpy()[inside].mean()) < 0.15


def test_shuffled_labels_leave_nothing_to_find(rows: pd.DataFrame) -> None:
    shuffled = rows.assign(is_churned=np.random.default_rng(5).permutation(rows["is_churned"]))
    train, test = split_by_time(shuffled, test_from=TEST_FROM, gap=label_gap(shuffled))
    comparison = compare_on(train, test, capacity=20)
    assert abs(comparison.qualities[MODEL].auc - 0.5) < 0.1
    assert not comparison.beats_rule


def test_a_planted_leak_is_refused_by_name() -> None:
    rows = make_rows(accounts=200, snapshots=3)
    leaky = rows.assign(days_since_last_order=np.where(rows["is_churned"], 100.0, 1.0) + np.arange(len(rows)) % 7)
    with pytest.raises(LeakSuspectedError, match=r"days_since_last_order alone has AUC 1\.000"):
        refuse_leaks(leaky)
    refuse_leaks(rows)


def test_a_leak_in_what_is_missing_or_in_a_category_is_refused() -> None:
    rows = make_rows(accounts=200, snapshots=3)
    by_absence = rows.assign(gap_spread_rate=np.where(rows["is_churned"], np.nan, 0.5))
    with pytest.raises(LeakSuspectedError, match="gap_spread_rate"):
        refuse_leaks(by_absence)
    by_team = rows.assign(region=np.where(rows["is_churned"], "lost accounts", "north"))
    with pytest.raises(LeakSuspectedError, match="region"):
        refuse_leaks(by_team)
