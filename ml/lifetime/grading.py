"""The three ways beside each other, on the newest days whose horizon has closed, and which of them is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.evaluate import Grade, Interval, grade, paired_interval
from ml.lifetime.days import MAX_TEST_DAYS, Closed
from ml.lifetime.measures import Graded, Measures, measure, recall
from ml.lifetime.spread import Spread, learn_spread
from ml.lifetime.two_part import fit_two_part, lack_of
from ml.lifetime.ways import BUYING, FORMULA, TWO_PART, WAYS
from ml.model import SEED

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

MIN_TESTED = 50
"""Accounts that brought something on the graded days; of fewer nothing is said."""


@dataclass(frozen=True, slots=True)
class Grading:
    """How each way that could be tried did on `days`, for a horizon of `months`.

    `challenger` is the best of those beside the formula, by recall of high value on the test itself, and `difference`
    its recall less that of the formula; None when one of the two could not tell of these days. `lack` says why
    two_part was not tried.
    """

    months: int
    days: tuple[date, ...]
    measures: dict[str, Measures]
    spreads: dict[str, Spread | None]
    challenger: str | None
    difference: Interval | None
    grade: Grade | None
    lack: str | None

    def best(self) -> str:
        """Return the formula unless another surely has the better recall, or it could not tell of the graded days."""
        if FORMULA not in self.measures and self.challenger is not None:
            return self.challenger
        if self.challenger is None or self.difference is None or self.difference.low <= 0:
            return FORMULA
        return self.challenger

    def best_without_labels(self) -> str:
        """Return the way for a longer horizon, of which no label has closed: buying unless it is surely worse."""
        if BUYING not in self.measures:
            return FORMULA
        is_worse = self.challenger == BUYING and self.difference is not None and self.difference.high < 0
        return FORMULA if is_worse else BUYING

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for a program."""
        return {
            "months": self.months,
            "days": [day.isoformat() for day in self.days],
            "measures": {way: each.as_dict() for way, each in self.measures.items()},
            "best": self.best(),
            "challenger": self.challenger,
            "difference": None if self.difference is None else asdict(self.difference),
            "grade": None if self.grade is None else self.grade.value,
            "lack": self.lack,
        }


def grade_ways(rows: pd.DataFrame, closed: Closed) -> Grading | None:
    """Grade on the newest closed days; None when too few accounts brought anything on them, or no way can tell.

    `rows` are labelled rows of `closed.needed()`, with ways.FORESEEN for its months, net_revenue_amount and
    order_days_count. two_part learns only from horizons that had closed on the first of the graded days.
    """
    tested, days, foreseen, lack = foresee_tested(rows, closed)
    if not foreseen or int((days["net_revenue_amount"] > 0).sum()) < MIN_TESTED:
        return None
    brought = days["net_revenue_amount"].to_numpy(dtype=np.float64)
    parts = [(days["snapshot_date"] == day).to_numpy() for day in sorted(days["snapshot_date"].unique())]
    graded = {way: [Graded(brought[part], each[part]) for part in parts] for way, each in foreseen.items()}
    measures = {way: measure(each) for way, each in graded.items()}
    others = [way for way in WAYS if way in graded and way != FORMULA]
    challenger = max(others, key=lambda way: measures[way].recall, default=None)
    is_compared = FORMULA in graded and challenger is not None
    return Grading(
        months=closed.months,
        days=tested,
        measures=measures,
        spreads={way: learn_spread(np.nan_to_num(each), brought) for way, each in foreseen.items()},
        challenger=challenger,
        difference=None if not is_compared or challenger is None else paired_interval(
            lambda weights: recall(graded[challenger], weights) - recall(graded[FORMULA], weights),
            accounts=days["account_id"].to_numpy(dtype=str), seed=SEED,
        ),
        grade=None if not is_compared or challenger is None else grade(
            measures[challenger].recall, best_rule=measures[FORMULA].recall
        ),
        lack=lack,
    )  # fmt: skip


def foresee_tested(
    rows: pd.DataFrame, closed: Closed
) -> tuple[tuple[date, ...], pd.DataFrame, dict[str, Floats], str | None]:
    """Return the graded days, their rows, what each way that can be tried foresaw of them, and why two_part cannot."""
    tested, learned, lack = _parted(rows, closed)
    days = _on(rows, tested)
    foreseen = {}
    if not days["formula_amount"].isna().any():
        foreseen[FORMULA] = days["formula_amount"].to_numpy(dtype=np.float64)
    if not days["buying_amount"].isna().any():
        foreseen[BUYING] = days["buying_amount"].to_numpy(dtype=np.float64)
        if learned is not None:
            foreseen[TWO_PART] = fit_two_part(learned).expected(days)
    return tested, days, foreseen, lack


def _parted(rows: pd.DataFrame, closed: Closed) -> tuple[tuple[date, ...], pd.DataFrame | None, str | None]:
    """Return the graded days and what is learned from before them; fewer days are graded when that leaves enough."""
    lack = "no horizon had closed before the graded days"
    for count in range(min(MAX_TEST_DAYS, len(closed.days)), 0, -1):
        tested = closed.tested(count)
        if before := closed.learned(until=tested[0]):
            known = _on(rows, before)
            lacking = lack_of(known)
            if lacking is None:
                return tested, known, None
            lack = lacking
    return closed.tested(MAX_TEST_DAYS), None, lack


def _on(rows: pd.DataFrame, days: tuple[date, ...]) -> pd.DataFrame:
    import pandas as pd

    # whole days in an order of their own, so that weights follow the days
    chosen = rows[rows["snapshot_date"].isin([pd.Timestamp(day) for day in days])]
    return chosen.sort_values(["snapshot_date", "account_id"], kind="stable", ignore_index=True)
