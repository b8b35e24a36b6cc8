"""What further columns add to the churn model: the same model without and with them, on the same days and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.compare import hold_out_latest
from ml.evaluate import (
    CONFIDENCE,
    DRAWS,
    Interval,
    Quality,
    average_precision_difference,
    measure,
    paired_interval,
)
from ml.model import SEED, churn_probability, fit_model

if TYPE_CHECKING:
    import pandas as pd

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lift:
    """How the model did without and with further columns, and the differences with their bootstrap intervals."""

    test_from: date
    test_until: date
    trained_count: int
    without: Quality
    having: Quality
    average_precision: Interval
    auc: Interval

    def verdict(self) -> str:
        """Return in one sentence whether the columns help, by the interval of the average precision."""
        gain = self.average_precision
        found = "help" if gain.low > 0 else "harm" if gain.high < 0 else "are not shown to help or harm"
        return (
            f"the columns {found}: average precision {_signed(gain)}, AUC {_signed(self.auc)}; "
            f"{self.without.row_count:,} snapshots tested from {self.test_from} to {self.test_until}, "
            f"{self.trained_count:,} learned from"
        )


def lift_of(rows: pd.DataFrame, extra: Mapping[str, int], *, capacity: int) -> Lift | None:
    """Return what `extra`, columns of `rows` with their directions, add to the model on the newest closed snapshots.

    Both are fitted on the same rows with the same folds, as the night fits. None when there is too little to judge by.
    """
    halves = hold_out_latest(rows)
    if halves is None:
        return None
    train, test = halves
    churned = test["is_churned"].to_numpy(dtype=bool)
    accounts = test["account_id"].to_numpy(dtype=str)
    snapshots = test["snapshot_date"].to_numpy()
    without = churn_probability(fit_model(train), test)
    having = churn_probability(fit_model(train, extra), test)
    return Lift(
        test_from=test["snapshot_date"].min().date(),
        test_until=test["snapshot_date"].max().date(),
        trained_count=len(train),
        without=measure(churned, without, without, capacity=capacity, snapshots=snapshots),
        having=measure(churned, having, having, capacity=capacity, snapshots=snapshots),
        average_precision=average_precision_difference(churned, having, without, accounts=accounts, seed=SEED),
        auc=auc_difference(churned, having, without, accounts=accounts, seed=SEED),
    )


def auc_difference(
    is_churned: Booleans,
    score: Floats,
    other: Floats,
    *,
    accounts: npt.NDArray[np.generic],
    seed: int,
    draws: int = DRAWS,
) -> Interval:
    """Return AUC(score) - AUC(other) with its interval by a paired bootstrap over whole accounts."""
    from sklearn.metrics import roc_auc_score

    def difference(weights: Floats) -> float:
        drawn = weights > 0
        if is_churned[drawn].all() or not is_churned[drawn].any():
            return float("nan")
        ours, theirs = (
            roc_auc_score(is_churned[drawn], each[drawn], sample_weight=weights[drawn]) for each in (score, other)
        )
        return float(ours - theirs)

    return paired_interval(difference, accounts=accounts, seed=seed, draws=draws)


def _signed(gain: Interval) -> str:
    return f"{gain.value:+.4f} ({CONFIDENCE:.0%} interval {gain.low:+.4f} to {gain.high:+.4f})"
