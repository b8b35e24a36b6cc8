"""Everything that tells how good the model is on a company: enough data, leaks, ladder, curves, reasons, cohorts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.catalogue import CATEGORICAL_NAMES, SILENCE
from ml.compare import MODEL, hold_out_latest
from ml.evaluate import Grade, Interval, grade, mean_average_precision_difference, share_limits
from ml.explain import explain_model
from ml.grades.curves import Curve, Reliability, gain, lift, precision_recall, reliability, roc
from ml.grades.grading import Grading, grade_days
from ml.grades.sufficiency import Sufficiency, judge_sufficiency
from ml.grades.unseen import Unseen, judge_unseen
from ml.leaks import single_feature_aucs
from ml.model import SEED, fit_model
from ml.score import revenue_of

if TYPE_CHECKING:
    import pandas as pd

_COHORTS = (90, 180, 365, 730)
_MIN_GROUP = 20


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts with something in common on the tested days: how many left, with limits, and what the model said."""

    kind: str
    name: str
    count: int
    churn_rate: float
    low: float
    high: float
    mean_probability: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `guanxi evaluate` tells. Without a grading there was too little to grade; the findings say of what."""

    sufficiency: Sufficiency
    leaks: dict[str, float]
    grading: Grading | None
    best_rung: str | None
    grade: Grade | None
    difference: Interval | None
    curves: dict[str, dict[str, Curve]]
    reliability: Reliability | None
    reasons: dict[str, int]
    groups: tuple[Group, ...]
    unseen: Unseen | None = None

    def verdict(self) -> str:
        """Return in one sentence what the model is worth here."""
        if self.grading is None or self.difference is None:
            return f"nothing was graded: {self.sufficiency.lack or 'no day can be tested'}"
        gain_in_words = f"{self.difference.value:+.3f} ({self.difference.low:+.3f} to {self.difference.high:+.3f})"
        who = (
            "the model is the better list"
            if self.difference.low > 0
            else f"the model is no better than {self.best_rung}"
        )
        return f"grade {self.grade}: {who}; mean average precision beside {self.best_rung} {gain_in_words}"

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for a program."""
        return {
            "verdict": self.verdict(),
            "sufficiency": self.sufficiency.as_list(),
            "single_feature_auc": self.leaks,
            "grade": None if self.grade is None else self.grade.value,
            "best_rung": self.best_rung,
            "average_precision_difference": None if self.difference is None else asdict(self.difference),
            "grading": None if self.grading is None else self.grading.as_dict(),
            "curves": {
                kind: {name: asdict(curve) for name, curve in curves.items()} for kind, curves in self.curves.items()
            },
            "reliability": None if self.reliability is None else asdict(self.reliability),
            "reasons": self.reasons,
            "groups": [asdict(group) for group in self.groups],
            "unseen_accounts": None if self.unseen is None else self.unseen.as_dict(),
        }


def evaluate(rows: pd.DataFrame, *, capacity: int, say: Callable[[str], None] = lambda _: None) -> Evaluation:
    """Grade the model on labelled rows, as ml.features reads them. The same rows give the same evaluation.

    Raises FeatureColumnsError.
    """
    enough = judge_sufficiency(rows)
    leaks = single_feature_aucs(rows) if len(rows) else {}
    if enough.lack is not None:
        return Evaluation(enough, leaks, None, None, None, None, {}, None, {}, ())
    grading = grade_days(rows, capacity=capacity, say=say)
    rungs = [name for name in grading.methods if name != MODEL]
    best = max(rungs, key=lambda name: grading.mean(name, "average_precision") or 0.0)
    ours, theirs = (grading.mean(name, "average_precision") or 0.0 for name in (MODEL, best))
    churned, probability = grading.pooled(MODEL)
    tested = _tested(grading)
    return Evaluation(
        sufficiency=enough,
        leaks=leaks,
        grading=grading,
        best_rung=best,
        grade=grade(ours, best_rule=theirs),
        difference=mean_average_precision_difference(
            [
                (day.rows["is_churned"].to_numpy(dtype=bool), day.forecasts[MODEL].score, day.forecasts[best].score)
                for day in grading.days
            ],
            accounts=tested["account_id"].to_numpy(dtype=str), seed=SEED,
        ),
        curves=_curves(grading, [MODEL, best], tested),
        reliability=reliability(churned, probability),
        reasons=_reasons(rows),
        groups=_groups(tested.assign(probability=probability)),
        unseen=judge_unseen(rows, grading, capacity=capacity),
    )  # fmt: skip


def _tested(grading: Grading) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([day.rows for day in grading.days], ignore_index=True)


def _curves(grading: Grading, methods: list[str], tested: pd.DataFrame) -> dict[str, dict[str, Curve]]:
    revenue = np.maximum(0.0, np.nan_to_num(revenue_of(tested)))
    kinds: dict[str, dict[str, Curve]] = {
        "roc": {},
        "precision_recall": {},
        "gain": {},
        "gain_of_revenue": {},
        "lift": {},
    }
    for method in methods:
        churned, probability = grading.pooled(method)
        kinds["roc"][method] = roc(churned, probability)
        kinds["precision_recall"][method] = precision_recall(churned, probability)
        kinds["gain"][method] = gain(churned, probability)
        kinds["gain_of_revenue"][method] = gain(churned, probability * revenue, revenue)
        kinds["lift"][method] = lift(churned, probability)
    return kinds


def _reasons(rows: pd.DataFrame) -> dict[str, int]:
    """How often each feature is the first reason on the newest tested snapshots, by a model that has not seen them."""
    parts = hold_out_latest(rows)
    if parts is None:
        return {}
    train, test = parts
    newest = test[test["snapshot_date"] == test["snapshot_date"].max()]
    codes = explain_model(fit_model(train), newest)["reason_1_code"].dropna().value_counts()
    return {str(code): int(count) for code, count in codes.items() if code != SILENCE.name}


def _groups(tested: pd.DataFrame) -> tuple[Group, ...]:
    """By tenure, industry, size and region; groups of fewer than 20 are left out."""
    import pandas as pd

    edges = [-np.inf, *_COHORTS, np.inf]
    names = [f"under {_COHORTS[0]} days", *(f"{a} to {b} days" for a, b in pairwise(_COHORTS))]
    tenure = pd.cut(tested["tenure_days"], edges, right=False, labels=[*names, f"{_COHORTS[-1]} days or more"])
    found = []
    for kind, keys in {"tenure": tenure, **{name: tested[name] for name in CATEGORICAL_NAMES}}.items():
        for name, rows in tested.groupby(keys, observed=True, sort=True):
            if len(rows) >= _MIN_GROUP and name != "":
                rate = float(rows["is_churned"].mean())
                limits = share_limits(int(rows["is_churned"].sum()), len(rows))
                found.append(Group(kind, str(name), len(rows), rate, *limits, float(rows["probability"].mean())))
    return tuple(found)
