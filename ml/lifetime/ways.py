"""Two ways that need no labels: the simple formula, and a model of buying times one of spending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.buying import BuyingModel, BuyingModelError, fit_buying
from ml.lifetime.days import days_of
from ml.silence import histories_of
from ml.spending import SpendingModel, SpendingModelError, fit_spending

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

MAX_CUSTOMERS = 1_500
"""Of more, so many are learned from on each day, of which a night has ten: seven numbers get little better by more."""

FORMULA, BUYING, TWO_PART = "formula", "buying", "two_part"
WAYS = (FORMULA, BUYING, TWO_PART)
FORESEEN = ("formula_amount", "buying_amount", "expected_order_days", "expected_day_amount", "active_probability")


@dataclass(frozen=True, slots=True)
class Habits:
    """How the customers of a company bought and spent, as known on one day.

    `net_share` is net revenue over the amounts of order days, 0 to 1: days on which more came back than was bought
    are no order days.
    """

    buying: BuyingModel
    spending: SpendingModel
    net_share: float

    def foresee(self, rows: pd.DataFrame, *, months: int) -> dict[str, Floats]:
        """Return order days, amount of a day, probability of any, and the net amount, a row each."""
        histories, days = histories_of(rows), float(days_of(months))
        order_days = np.maximum(0.0, self.buying.purchases(histories, days))
        counts = rows["order_days_total_count"].to_numpy(dtype=np.float64)
        amount = self.net_share * self.spending.expected(
            counts, rows["average_order_day_amount"].to_numpy(dtype=np.float64)
        )
        return {
            "expected_order_days": order_days,
            "expected_day_amount": amount,
            "active_probability": np.clip(1.0 - self.buying.silence(histories, days), 0.0, 1.0),
            "buying_amount": np.where(has_given_back(rows), 0.0, order_days * amount),
        }

    def discount(self, rows: pd.DataFrame, *, months: int, rate: float) -> Floats:
        """Return by how much less, 0 to 1, the order days of each row count, when one a month later counts less by
        `rate`; a month's order days are taken to fall on its last day."""
        histories = histories_of(rows)
        until = [self.buying.purchases(histories, days_of(12) / 12 * month) for month in range(1, months + 1)]
        falling = np.diff(np.vstack([np.zeros(len(rows)), *until]), axis=0)
        weighed = (falling / (1 + rate) ** np.arange(1, months + 1)[:, None]).sum(axis=0)
        even = even_discount(months, rate)
        share: Floats = np.divide(weighed, until[-1], out=np.full(len(rows), even), where=until[-1] > 0)
        return share


def even_discount(months: int, rate: float) -> float:
    """Return the same for order days that fall evenly."""
    return float(np.mean((1 + rate) ** -np.arange(1.0, months + 1)))


def learn_habits(rows: pd.DataFrame) -> Habits | None:
    """Return the habits of the customers of one day; None when too few bought to tell. Nothing of later is seen.

    `rows` are of one snapshot: what ml.features reads, and net_revenue_total_amount. Of many customers so many are
    looked at as MAX_CUSTOMERS says, evenly by the order of the rows.
    """
    step = -(-len(rows) // MAX_CUSTOMERS) or 1
    some = rows.iloc[::step]
    days = some["order_days_total_count"].to_numpy(dtype=np.float64)
    mean = some["average_order_day_amount"].to_numpy(dtype=np.float64)
    try:
        buying, spending = fit_buying(histories_of(some)), fit_spending(days, mean)
    except (BuyingModelError, SpendingModelError):
        return None
    share = float(some["net_revenue_total_amount"].sum()) / float(np.nansum(days * mean))
    return Habits(buying, spending, min(1.0, max(0.0, share)))


def has_given_back(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether an account has given back as much as it ever bought, or more."""
    given: npt.NDArray[np.bool_] = rows["net_revenue_total_amount"].to_numpy(dtype=np.float64) <= 0
    return given


def foresee(rows: pd.DataFrame, habits: Mapping[Any, Habits | None], *, months: int) -> pd.DataFrame:
    """Return the rows with the columns FORESEEN for so many months; NaN where a way cannot tell.

    `habits` are those of each snapshot_date. An account that has given back all it bought is foreseen to bring 0.
    """
    formula = rows["formula_month_amount"].to_numpy(dtype=np.float64) * months
    told = rows.copy()
    told[list(FORESEEN)] = np.nan
    told["formula_amount"] = np.where(has_given_back(rows), 0.0, formula)
    for day, own in rows.groupby("snapshot_date"):
        known = habits.get(day)
        if known is not None:
            for name, values in known.foresee(own, months=months).items():
                told.loc[own.index, name] = values
    return told
