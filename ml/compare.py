"""The model against the rules, on days after everything it learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.evaluate import Grade, Interval, Quality, average_precision_difference, grade, measure
from ml.model import SEED, churn_probability, fit_model
from ml.release import Release, judge_release
from ml.rules import Rule, fit_rule
from ml.split import label_gap, split_by_time

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

MODEL = "model"
MIN_OF_EACH = 100
MIN_OF_EACH_TESTED = 20
MAX_TEST_SNAPSHOTS = 3
MIN_TRAIN_SNAPSHOTS = 3
"""A second and a third snapshot are only taken for the test while this many are left to learn from."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the model and each rule did on the snapshots from `test_from` to `test_until`.

    `best_rule` has the highest average precision on the test itself, so the model's rival is picked in the
    rival's favour. `beats_rule` is true only when the whole interval of the difference lies above zero.
    """

    test_from: date
    test_until: date
    trained_count: int
    qualities: dict[str, Quality]
    best_rule: Rule
    difference: Interval
    grade: Grade
    beats_rule: bool
    release: Release | None = None
    """How it does beside the model that scored the tested days; None when no model did, or it cannot be read."""

    @property
    def is_released(self) -> bool:
        """Whether the model may make the lists: it surely beats the best rule, and is not surely worse than before."""
        return self.beats_rule and (self.release is None or self.release.is_cleared)

    def verdict(self) -> str:
        """Return in one sentence who makes the lists and why."""
        gain = f"{self.difference.value:+.3f} (95 % interval {self.difference.low:+.3f} to {self.difference.high:+.3f})"
        words = f"average precision over the {self.best_rule} rule: {gain}, grade {self.grade}"
        if self.is_released:
            return f"the model makes the lists; {words}"
        if self.beats_rule and self.release is not None:
            return f"{self.release.verdict()}; {words}"
        return f"the {self.best_rule} rule makes the lists, for the model does not surely beat it; {words}"

    def lines(self) -> list[str]:
        days = f"{self.test_from}" if self.test_from == self.test_until else f"{self.test_from} to {self.test_until}"
        tested = self.qualities[MODEL]
        head = (
            f"tested on {days}: {tested.row_count:,} accounts of which {tested.base_rate:.1%} churned, "
            f"after learning from {self.trained_count:,}"
        )
        release = [] if self.release is None else [self.release.verdict()]
        return [head, *(_line(name, quality) for name, quality in self.qualities.items()), *release]

    def as_dict(self) -> dict[str, Any]:
        return {
            "test_from": self.test_from.isoformat(),
            "test_until": self.test_until.isoformat(),
            "trained_count": self.trained_count,
            "qualities": {name: quality.as_dict() for name, quality in self.qualities.items()},
            "best_rule": self.best_rule.value,
            "average_precision_difference": asdict(self.difference),
            "grade": self.grade.value,
            "beats_rule": self.beats_rule,
            "release": None if self.release is None else self.release.as_dict(),
        }


def compare_on(
    train: pd.DataFrame, test: pd.DataFrame, *, capacity: int, incumbent: tuple[str, Pipeline] | None = None
) -> Comparison:
    """Fit model and rules on `train` and measure all of them on `test`. Both need both outcomes.

    `incumbent` is the model that scored the tested days, with its id, if one did.
    """
    churned = test["is_churned"].to_numpy(dtype=bool)
    snapshots = test["snapshot_date"].to_numpy()
    pipeline = fit_model(train)
    probability = churn_probability(pipeline, test)
    scores = {MODEL: probability}
    qualities = {MODEL: measure(churned, probability, probability, capacity=capacity, snapshots=snapshots)}
    for rule in Rule:
        fitted = fit_rule(rule, train)
        scores[rule] = fitted.score(test)
        qualities[rule.value] = measure(
            churned, scores[rule], fitted.probability(test), capacity=capacity, snapshots=snapshots
        )
    best = max(Rule, key=lambda rule: qualities[rule.value].average_precision)
    difference = average_precision_difference(
        churned, probability, scores[best], accounts=test["account_id"].to_numpy(dtype=str), seed=SEED
    )
    return Comparison(
        test_from=test["snapshot_date"].min().date(),
        test_until=test["snapshot_date"].max().date(),
        trained_count=len(train),
        qualities=qualities,
        best_rule=best,
        difference=difference,
        grade=grade(qualities[MODEL].average_precision, best_rule=qualities[best.value].average_precision),
        beats_rule=difference.low > 0,
        release=None if incumbent is None else judge_release(
            test, probability, churn_probability(incumbent[1], test), incumbent_id=incumbent[0]
        ),
    )  # fmt: skip


def hold_out_latest(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return (train, test): the latest closed snapshots are tested on what was known on the first day of them.

    As many as three are tested on while there is enough left to learn from. None when not even one can be.
    """
    days = sorted(rows["snapshot_date"].unique())
    gap = label_gap(rows)
    for count in range(min(MAX_TEST_SNAPSHOTS, len(days)), 0, -1):
        test_from = days[-count]
        earlier = rows[rows["snapshot_date"] <= test_from - np.timedelta64(gap.days, "D")]
        if count > 1 and earlier["snapshot_date"].nunique() < MIN_TRAIN_SNAPSHOTS:
            continue
        if _has_both(earlier, MIN_OF_EACH) and _has_both(rows[rows["snapshot_date"] >= test_from], MIN_OF_EACH_TESTED):
            return split_by_time(rows, test_from=test_from.date(), gap=gap)
    return None


def _has_both(rows: pd.DataFrame, minimum: int) -> bool:
    churned = int(rows["is_churned"].sum())
    return min(churned, len(rows) - churned) >= minimum


def _line(name: str, quality: Quality) -> str:
    brier = "" if quality.brier is None else f", Brier {quality.brier:.3f} (skill {quality.brier_skill:+.3f})"
    return (
        f"{name}: AUC {quality.auc:.3f}, average precision {quality.average_precision:.3f}, "
        f"lift of the top tenth {quality.top_decile_lift:.2f}{brier}, "
        f"right on {quality.precision_at_capacity:.0%} of a day's calls"
    )
