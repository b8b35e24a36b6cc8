"""What further columns add: found where there is something, not found where there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ml.lift import auc_difference, lift_of
from ml.model import fit_model, used_features
from tests.ml.world import make_rows


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Rows in which `known` tells who churns, not always, and `noise` tells nothing."""
    rows = make_rows(accounts=250, snapshots=8)
    random = np.random.default_rng(4)
    rows["known"] = rows["is_churned"] * 1.5 + random.normal(size=len(rows))
    rows["noise"] = random.normal(size=len(rows))
    rows.loc[random.random(len(rows)) < 0.2, "known"] = np.nan
    return rows


def test_a_column_that_tells_who_churns_is_found_to_help(many: pd.DataFrame) -> None:
    lift = lift_of(many, {"known": 1}, capacity=20)
    assert lift is not None
    assert lift.average_precision.low > 0
    assert lift.auc.low > 0
    assert lift.having.auc - lift.without.auc == pytest.approx(lift.auc.value)
    assert "the columns help" in lift.verdict()
    wrong_way = lift_of(many, {"known": -1}, capacity=20)
    assert wrong_way is not None
    assert wrong_way.average_precision.value < lift.average_precision.value / 2, "it is held to its direction"


def test_a_column_that_tells_nothing_is_not_found_to_help(many: pd.DataFrame) -> None:
    lift = lift_of(many, {"noise": 0}, capacity=20)
    assert lift is not None
    assert lift.average_precision.low <= 0
    assert abs(lift.auc.value) < 0.02
    assert "the columns help" not in lift.verdict()


def test_no_lift_without_enough_closed_snapshots(many: pd.DataFrame) -> None:
    assert lift_of(many[many["snapshot_date"] == many["snapshot_date"].min()], {"known": 1}, capacity=20) is None


def test_the_model_of_the_night_sees_no_further_column(many: pd.DataFrame) -> None:
    assert {"known", "noise"}.isdisjoint(used_features(fit_model(many)))
    assert "known" in used_features(fit_model(many, {"known": 1}))


def test_the_difference_of_auc_is_paired_by_account() -> None:
    random = np.random.default_rng(2)
    churned = random.random(400) < 0.3
    good, bad = churned + random.normal(size=400), random.normal(size=400)
    accounts = np.repeat(np.arange(100).astype(str), 4)
    gain = auc_difference(churned, good, bad, accounts=accounts, seed=1)
    assert gain.value == pytest.approx(roc_auc_score(churned, good) - roc_auc_score(churned, bad))
    assert gain.low < gain.value < gain.high
    same = auc_difference(churned, good, good, accounts=accounts, seed=1)
    assert (same.value, same.low, same.high) == (0, 0, 0)
