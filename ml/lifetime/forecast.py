"""What every account will bring within one horizon: all ways, and the one that is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.lifetime.grading import Grading
from ml.lifetime.two_part import TwoPart
from ml.lifetime.ways import BUYING, FORMULA, TWO_PART, Habits, even_discount, foresee, has_given_back

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

DECIMALS = 4
GIVEN_BACK, NOTHING_LATELY, HARDLY_AGAIN = "given_back", "nothing_lately", "hardly_again"
NO_RETENTION = "no_retention_yet"


@dataclass(frozen=True, slots=True)
class Horizon:
    """How so many months are told: by which way, and what that rests on.

    `grading` is of another horizon, a shorter one, when none of this one has closed, and None when none at all has.
    """

    months: int
    method: str
    grading: Grading | None

    @property
    def is_graded_itself(self) -> bool:
        return self.grading is not None and self.grading.months == self.months

    def line(self) -> str:
        """Return in one clause how these months are told."""
        told = f"{self.months} months by {self.method}"
        if self.grading is None:
            return f"{told}, ungraded: no horizon has closed, or too few brought anything in it"
        named = ", ".join(f"{way} {each.recall:.0%}" for way, each in self.grading.measures.items())
        where = "" if self.is_graded_itself else f" over {self.grading.months} months, the longest that has closed"
        grade = "not beside the formula" if self.grading.grade is None else f"grade {self.grading.grade}"
        return f"{told} (recall of the top fifth{where}: {named}; {grade})"


def choose(months: int, grading: Grading | None, *, has_habits: bool) -> Horizon:
    """Return how so many months are told, where `has_habits` says whether tonight's model of buying could be fitted."""
    if grading is None:
        return Horizon(months, FORMULA, None)
    method = grading.best() if grading.months == months else grading.best_without_labels()
    return Horizon(months, method if has_habits else FORMULA, grading)


def forecast(
    rows: pd.DataFrame, habits: Habits | None, two_part: TwoPart | None, horizon: Horizon, *, rate: float
) -> pd.DataFrame:
    """Return the columns of fct_account_lifetime_values for rows of one snapshot, as ml.lifetime.rows reads them.

    `rate` is by how much less counts what is bought a month later. Amounts are 0 or more, or NaN with a reason.
    """
    import pandas as pd

    months = horizon.months
    foreseen = foresee(rows, dict.fromkeys(rows["snapshot_date"].unique(), habits), months=months)
    active = foreseen["active_probability"].to_numpy(dtype=np.float64)
    amounts = {way: foreseen[f"{way}_amount"].to_numpy(dtype=np.float64) for way in (FORMULA, BUYING)}
    amounts[TWO_PART] = np.full(len(rows), np.nan)
    if two_part is not None and habits is not None:
        amounts[TWO_PART] = two_part.expected(foreseen)
        if horizon.method == TWO_PART:
            active = two_part.active(foreseen)
    spread = horizon.grading.spreads.get(horizon.method) if horizon.is_graded_itself and horizon.grading else None
    limits = (np.full(len(rows), np.nan),) * 2 if spread is None else spread.limits(amounts[horizon.method])
    if rate > 0:
        less = np.full(len(rows), even_discount(months, rate))
        if habits is not None:
            less = habits.discount(rows, months=months, rate=rate)
        amounts = {way: each * less for way, each in amounts.items()}
        limits = (limits[0] * less, limits[1] * less)
    gave_back = has_given_back(rows)
    amounts = {way: np.round(np.maximum(0.0, each), DECIMALS) for way, each in amounts.items()}
    amount = amounts[horizon.method]
    low, high = (np.where(gave_back, np.nan, np.round(each, DECIMALS)) for each in limits)
    grading = horizon.grading
    return pd.DataFrame(
        {
            "lifetime_value_key": rows["account_id"] + f"|{months}",
            "account_id": rows["account_id"],
            "months_count": months,
            "lifetime_value_amount": amount,
            "method_code": horizon.method,
            **{f"{way}_amount": each for way, each in amounts.items()},
            "active_probability": active,
            "expected_order_days": foreseen["expected_order_days"],
            "expected_day_amount": np.round(foreseen["expected_day_amount"], DECIMALS),
            "low_amount": low,
            "high_amount": high,
            "clv_note": _notes(amount, gave_back, horizon.method),
            "unknown_reason": _worded(np.isnan(amount), NO_RETENTION),
            "grade_code": None if grading is None or grading.grade is None else grading.grade.value,
            "graded_months_count": None if grading is None else grading.months,
            "as_of_date": rows["snapshot_date"].dt.date,
        },
        index=rows.index,
    )


def _notes(amount: Floats, gave_back: npt.NDArray[np.bool_], method: str) -> npt.NDArray[np.object_]:
    """Why an amount is 0; None of one that is not."""
    notes = _worded(amount == 0, NOTHING_LATELY if method == FORMULA else HARDLY_AGAIN)
    notes[(amount == 0) & gave_back] = GIVEN_BACK
    return notes


def _worded(chosen: npt.NDArray[np.bool_], word: str) -> npt.NDArray[np.object_]:
    words = np.full(len(chosen), None, dtype=object)
    words[chosen] = word
    return words
