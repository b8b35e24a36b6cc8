"""A trained way: whether a customer buys at all within the horizon, times what it brings if it does.

The first part is the churn model's pipeline on a longer horizon, calibrated, and held to the catalogue's directions.
The second are boosted trees on the logarithm of how far what came lay from what the model of buying expected of a
customer that buys, so that the largest customers are told apart beyond what trees alone could. A scale found on
accounts that the trees had not seen makes the sum right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.catalogue import SILENCE
from ml.lifetime.ways import has_given_back
from ml.model import FOLDS, HYPERPARAMETERS, SEED, churn_probability, encode, fit_model, one_thread

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]

MIN_OF_EACH = 50
"""Snapshots that bought, and that did not: few customers stay away for a whole year."""

EXTRA = {"expected_order_days": -1, "expected_day_amount": -1, "buying_amount": -1}
"""What the other way foresees is a feature of this one; the more, the less likely is silence."""


@dataclass(frozen=True, slots=True)
class TwoPart:
    """Both parts, and the scale of their product."""

    buys: Pipeline
    amount: HistGradientBoostingRegressor
    scale: float

    def active(self, rows: pd.DataFrame) -> Floats:
        """Return the probability of any order day within the horizon, 0 to 1."""
        active: Floats = 1.0 - churn_probability(self.buys, _featured(rows))
        return active

    def expected(self, rows: pd.DataFrame) -> Floats:
        """Return the net amount of each row with the columns of ways.FORESEEN, 0 or more."""
        with one_thread():
            departure = self.amount.predict(encode(self.buys, _featured(rows)))
        foreseen = self.scale * self.active(rows) * _if_it_buys(rows) * np.exp(departure)
        expected: Floats = np.where(has_given_back(rows), 0.0, foreseen)
        return expected


def lack_of(rows: pd.DataFrame) -> str | None:
    """Return why these labelled rows are too few to learn from, in words; None when they are not."""
    bought = int((rows["order_days_count"] > 0).sum())
    silent = len(rows) - bought
    if min(bought, silent) < MIN_OF_EACH or int((rows["net_revenue_amount"] > 0).sum()) < MIN_OF_EACH:
        return f"{bought:,} account snapshots that bought and {silent:,} that did not, {MIN_OF_EACH} of each wanted"
    if rows["buying_amount"].isna().any():
        return "days on which too few had bought to tell how they buy"
    return None


def fit_two_part(rows: pd.DataFrame) -> TwoPart:
    """Fit on rows with net_revenue_amount, order_days_count and ways.FORESEEN; the same rows give the same model.

    Raises FeatureColumnsError.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import GroupKFold

    rows = rows.sort_values(["snapshot_date", "account_id"], kind="stable", ignore_index=True)
    buys = fit_model(_featured(rows).assign(is_churned=rows["order_days_count"] == 0), EXTRA)
    encoded, base = encode(buys, _featured(rows)), _if_it_buys(rows)
    brought = rows["net_revenue_amount"].to_numpy(dtype=np.float64)
    paid = brought > 0
    departure = np.log(np.where(paid, brought, 1.0)) - np.log(base)

    def fit(chosen: npt.NDArray[np.bool_]) -> HistGradientBoostingRegressor:
        trees = HistGradientBoostingRegressor(random_state=SEED, **HYPERPARAMETERS)
        return trees.fit(encoded[chosen], departure[chosen])

    unseen = np.zeros(len(rows))
    with one_thread():
        for learned, left in GroupKFold(FOLDS).split(encoded, groups=rows["account_id"]):
            inside = np.zeros(len(rows), dtype=bool)
            inside[learned] = True
            unseen[left] = fit(inside & paid).predict(encoded[left])
        amount = fit(paid)
    active = 1.0 - churn_probability(buys, _featured(rows))
    scale = max(0.0, float(brought.sum())) / float((active * base * np.exp(unseen)).sum())
    return TwoPart(buys, amount, scale)


def _featured(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{SILENCE.name: 1.0 - rows["active_probability"]})


def _if_it_buys(rows: pd.DataFrame) -> Floats:
    """What the model of buying expects of a customer that has at least one order day."""
    day = np.maximum(rows["expected_day_amount"].to_numpy(dtype=np.float64), 1e-9)
    active = np.maximum(rows["active_probability"].to_numpy(dtype=np.float64), 1e-9)
    base: Floats = day * np.maximum(1.0, rows["expected_order_days"].to_numpy(dtype=np.float64) / active)
    return base
