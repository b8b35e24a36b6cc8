"""The model beside every rung of the ladder at each closed snapshot, learning only from what was known that day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.compare import MIN_OF_EACH, MIN_OF_EACH_TESTED, MODEL, hold_out_latest
from ml.evaluate import Quality, measure
from ml.grades.ladder import Forecast, Rung, ladder, of_model
from ml.split import label_gap, split_by_time
from warehouse.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

METRICS = ("auc", "average_precision")
"""By which the model is held against the best rung."""


class NothingToGradeError(Problem):
    """No closed snapshot has enough outcomes on it and enough known before it."""


@dataclass(frozen=True, slots=True)
class Day:
    """One tested snapshot, or the newest ones together where none alone has enough outcomes: what each method said of
    the accounts, and what they did. `snapshot_date` is the first of them.

    `rows` has account_id, snapshot_date, is_churned, the features, and is in the order of the forecasts.
    """

    snapshot_date: date
    trained_count: int
    rows: pd.DataFrame
    forecasts: dict[str, Forecast]
    qualities: dict[str, Quality]

    def best_rung(self, metric: str) -> str:
        """Return the rung that was best on this day itself, so the model's rival is picked in the rival's favour."""
        rungs = (name for name in self.qualities if name != MODEL)
        return max(rungs, key=lambda name: getattr(self.qualities[name], metric))

    def lead(self, metric: str) -> float:
        """Return by how much the model is above the best rung; negative when it is below."""
        ours = getattr(self.qualities[MODEL], metric)
        return float(ours - getattr(self.qualities[self.best_rung(metric)], metric))


@dataclass(frozen=True, slots=True)
class Grading:
    """Every day that could be tested, oldest first."""

    days: tuple[Day, ...]

    @property
    def methods(self) -> list[str]:
        return list(self.days[0].qualities)

    def mean(self, method: str, metric: str) -> float | None:
        """Return the mean of a metric over the days; None where a method has none on one of them."""
        values = [getattr(day.qualities[method], metric) for day in self.days]
        return None if None in values else float(np.mean(values))

    def days_ahead(self, metric: str) -> int:
        """Return on how many days the model is at least as good as the best rung of that day."""
        return sum(day.lead(metric) >= 0 for day in self.days)

    def worst_lead(self, metric: str) -> float:
        return min(day.lead(metric) for day in self.days)

    def pooled(self, method: str) -> tuple[npt.NDArray[np.bool_], Floats]:
        """Return outcomes and probabilities of all days in a row."""
        churned = np.concatenate([day.rows["is_churned"].to_numpy(dtype=bool) for day in self.days])
        return churned, np.concatenate([day.forecasts[method].probability for day in self.days])

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for a program."""
        return {
            "days": [
                {
                    "snapshot_date": day.snapshot_date.isoformat(),
                    "trained_count": day.trained_count,
                    "qualities": {name: quality.as_dict() for name, quality in day.qualities.items()},
                    "best_rung": {metric: day.best_rung(metric) for metric in METRICS},
                    "lead": {metric: day.lead(metric) for metric in METRICS},
                }
                for day in self.days
            ],
            "days_ahead": {metric: self.days_ahead(metric) for metric in METRICS},
            "worst_lead": {metric: self.worst_lead(metric) for metric in METRICS},
        }


def gradable_days(rows: pd.DataFrame) -> list[date]:
    """Return the closed snapshots with enough outcomes of both kinds on them, and known by them."""
    gap = np.timedelta64(label_gap(rows).days, "D")
    found = []
    for day in sorted(rows["snapshot_date"].unique()):
        known, there = rows[rows["snapshot_date"] <= day - gap], rows[rows["snapshot_date"] == day]
        if _fewer(known) >= MIN_OF_EACH and _fewer(there) >= MIN_OF_EACH_TESTED:
            found.append(day.date())
    return found


def grade_days(
    rows: pd.DataFrame,
    *,
    capacity: int,
    days: Sequence[date] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Grading:
    """Return the grading of labelled rows, as ml.features reads them, on `days`, or on every day that can be tested.

    Where none alone can be, the newest are tested together, as a training tests. Raises NothingToGradeError and
    FeatureColumnsError.
    """
    gap, rungs = label_gap(rows), {MODEL: of_model, **ladder(rows)}
    chosen = gradable_days(rows) if days is None else list(days)
    parts = [split_by_time(rows, test_from=day, test_until=day, gap=gap) for day in chosen]
    if not parts and (together := hold_out_latest(rows)) is not None:
        parts = [together]
    if not parts:
        raise NothingToGradeError(
            "the grading of the churn model",
            seen=f"{len(rows):,} labelled rows of {rows['snapshot_date'].nunique()} snapshots",
            expected=f"snapshots with {MIN_OF_EACH_TESTED} accounts that left and {MIN_OF_EACH_TESTED} that stayed, "
            f"and {MIN_OF_EACH} of each known before them",
            next_step="load a longer history, or wait until more labels have closed",
        )
    graded = []
    for train, test in parts:
        graded.append(_grade(train, test.reset_index(drop=True), capacity, rungs))
        say(f"{graded[-1].snapshot_date}: {len(test):,} accounts after learning from {len(train):,}")
    return Grading(tuple(graded))


def _grade(train: pd.DataFrame, test: pd.DataFrame, capacity: int, rungs: dict[str, Rung]) -> Day:
    snapshots = test["snapshot_date"]
    churned = test["is_churned"].to_numpy(dtype=bool)
    forecasts = {name: rung(train, test) for name, rung in rungs.items()}
    qualities = {
        name: measure(churned, said.score, said.probability, capacity=capacity, snapshots=snapshots.to_numpy())
        for name, said in forecasts.items()
    }
    return Day(snapshots.min().date(), len(train), test, forecasts, qualities)


def _fewer(rows: pd.DataFrame) -> int:
    churned = int(rows["is_churned"].sum())
    return min(churned, len(rows) - churned)
