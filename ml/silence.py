"""The probability that an account stays silent for the whole horizon, by a model of buying fitted on each snapshot.

A model of buying needs no labels: of a snapshot it is fitted on the order days that were known then, of every account
that had ordered, active or not. So a feature made by it knows nothing of what came after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.buying import BuyingModelError, Histories, fit_buying

if TYPE_CHECKING:
    import pandas as pd

MAX_CUSTOMERS = 5_000
"""Of more, so many are looked at by the hash of their id: the four numbers get no better by more."""

HISTORY_COLUMNS = ("order_days_total_count", "tenure_days", "days_since_last_order")
"""What a model of buying reads of an account."""


def silence_of(rows: pd.DataFrame, everybody: pd.DataFrame, *, horizon_days: int) -> pd.Series:
    """Return for each row the probability of no order day within the horizon, 0 to 1.

    Both frames have snapshot_date and HISTORY_COLUMNS; `everybody` has accounts that are not scored too. NaN for a
    snapshot on which too few had ordered to tell.
    """
    import pandas as pd

    silence = pd.Series(np.nan, index=rows.index, dtype="float64")
    bought = list(HISTORY_COLUMNS)  # who never ordered has no history
    known = dict(list(everybody.dropna(subset=bought).groupby("snapshot_date")))
    for day, own in rows.dropna(subset=bought).groupby("snapshot_date"):
        if day in known:
            try:
                model = fit_buying(histories_of(known[day]))
            except BuyingModelError:
                continue
            silence.loc[own.index] = model.silence(histories_of(own), horizon_days)
    return silence


def histories_of(rows: pd.DataFrame) -> Histories:
    """Return the order days of rows with HISTORY_COLUMNS, in days."""
    days, tenure, since = (rows[name].to_numpy(dtype=np.float64) for name in HISTORY_COLUMNS)
    repeats = np.maximum(days - 1, 0.0)
    return Histories(repeats, np.where(repeats > 0, np.maximum(tenure - since, 0.0), 0.0), tenure)
