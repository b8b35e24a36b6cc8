"""Companies that live by contracts: nobody orders, and all that learns and scores goes on without orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from ml.grades.grading import grade_days
from ml.rules import ASSUMED_OF_CONTRACTS
from ml.score import revenue_of, score
from ml.train import TrainingReport, train
from tests.ml.world import AS_OF, make_rows

if TYPE_CHECKING:
    from tests.ml.conftest import Marts

OF_ORDERS = [
    "days_since_last_order", "overdue_ratio", "order_days_30d_count", "order_days_90d_count", "order_days_180d_count",
    "order_days_365d_count", "order_days_total_count", "order_days_trend_rate", "median_gap_days", "typical_gap_days",
    "gap_spread_rate", "net_revenue_30d_amount", "net_revenue_90d_amount", "net_revenue_180d_amount",
    "net_revenue_365d_amount", "average_order_day_amount", "revenue_trend_rate", "revenue_rank_rate",
    "products_365d_count", "return_rate_365d", "tenure_days", "order_days_ahead_last_year_count",
]  # fmt: skip


def of_contracts(*, accounts: int = 300, snapshots: int = 9, seed: int = 1, signal: float = 1.0) -> pd.DataFrame:
    """Return rows of customers without orders; the odds of leaving fall with the days to the renewal."""
    rows = make_rows(accounts=accounts, snapshots=snapshots, seed=seed)
    random = np.random.default_rng(seed)
    left = np.floor(random.uniform(0, 365, len(rows)))
    odds = np.exp(signal * (2.0 - np.log1p(left) * 0.7))
    return rows.assign(
        **dict.fromkeys(OF_ORDERS, np.nan),
        is_churned=random.random(len(rows)) < odds / (1 + odds),
        contracts_count=1.0,
        contract_tenure_days=random.integers(1, 900, len(rows)).astype(float),
        renewal_days_left=left,
        mrr_amount=np.round(random.lognormal(5, 1, len(rows)), 2),
    )


CURRENT = of_contracts(accounts=60, snapshots=1, seed=9)


def run(marts: Marts) -> TrainingReport:
    return train(marts.scorer, schema=marts.schema, as_of=AS_OF, models_folder=marts.models, claim=marts.claim)


def test_a_model_of_contracts_is_held_against_the_renewal_rule_alone(marts: Marts) -> None:
    marts.fill(of_contracts(), CURRENT)
    report = run(marts)
    assert report.comparison is not None
    assert set(report.comparison.qualities) == {"model", "renewal"}
    assert report.comparison.best_rule == "renewal"
    assert report.comparison.qualities["renewal"].auc > 0.6


def test_where_nothing_tells_who_leaves_the_rule_makes_the_list_and_the_grade_is_c(marts: Marts) -> None:
    marts.fill(of_contracts(signal=0.0), CURRENT)
    report = run(marts)
    assert report.champion_kind == "renewal"
    assert report.comparison is not None
    assert report.comparison.grade == "C"


def test_without_outcomes_the_renewal_rule_scores_by_what_it_assumes(marts: Marts) -> None:
    marts.fill(of_contracts(snapshots=1).head(0), CURRENT)
    report = run(marts)
    assert (report.champion_kind, report.comparison) == ("renewal", None)
    done = score(marts.scorer, claim=marts.claim, schema=marts.schema, as_of=AS_OF, models_folder=marts.models)
    assert (done.rows_count, done.method_code) == (60, "renewal")
    scores = marts.scores().merge(CURRENT, on="account_id", suffixes=("", "_given"), validate="1:1")
    odds = 3 / np.sqrt(1 + scores["renewal_days_left"])
    np.testing.assert_allclose(scores["churn_probability"], odds / (1 + odds))
    np.testing.assert_allclose(scores["net_revenue_365d_amount"].astype(float), 12 * scores["mrr_amount"], atol=1e-4)
    expected = scores["churn_probability"] * 12 * scores["mrr_amount"]
    np.testing.assert_allclose(scores["expected_loss_amount"].astype(float), expected, atol=0.0051)
    near = scores["renewal_days_left"] < scores["renewal_days_left"].median()
    assert (scores.loc[near, "reason_1_code"] == "renewal_days_left").all()
    champion = marts.champion()
    assert champion.entry.calibrated_rule() == ASSUMED_OF_CONTRACTS


def test_contracts_stand_in_for_orders_only_where_there_are_none() -> None:
    rows = pd.DataFrame(
        {"net_revenue_365d_amount": [100.0, 0.0, np.nan, np.nan, -5.0], "mrr_amount": [9.0, 9.0, 9.0, np.nan, np.nan]}
    )
    assert revenue_of(rows) == pytest.approx([100.0, 108.0, 108.0, np.nan, -5.0], nan_ok=True)


def test_a_grading_of_contracts_has_the_rungs_that_can_be_climbed() -> None:
    rows = of_contracts(accounts=200, snapshots=8)
    last = rows["snapshot_date"].max().date()
    grading = grade_days(rows, capacity=20, days=[last])
    assert set(grading.methods) == {"model", "base_rate", "halving", "renewal", "logistic", "boosting"}
