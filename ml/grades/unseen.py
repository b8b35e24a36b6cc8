"""The model on accounts that it never saw, and not only on days that it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.compare import MODEL
from ml.evaluate import Quality, measure
from ml.model import FOLDS, churn_probability, fit_model
from ml.split import label_gap, split_by_time

if TYPE_CHECKING:
    import pandas as pd

    from ml.grades.grading import Grading


@dataclass(frozen=True, slots=True)
class Unseen:
    """How the model ranks the accounts of one tested day: all in `seen`, each by a model without it in `unseen`."""

    snapshot_date: date
    seen: Quality
    unseen: Quality

    def line(self) -> str:
        """Return the comparison in a sentence."""
        return (
            f"accounts never seen, {self.snapshot_date}: AUC {self.unseen.auc:.3f} and average precision"
            f" {self.unseen.average_precision:.3f}; by the model that knew them earlier {self.seen.auc:.3f} and"
            f" {self.seen.average_precision:.3f}"
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "snapshot_date": self.snapshot_date.isoformat(),
            "seen": self.seen.as_dict(),
            "unseen": self.unseen.as_dict(),
        }


def judge_unseen(rows: pd.DataFrame, grading: Grading, *, capacity: int) -> Unseen:
    """Return how the newest tested day is ranked when the accounts are split five ways too.

    Each part is judged by a model that learned from the other parts before the day. `rows` are those that were
    graded. Raises FeatureColumnsError.
    """
    from sklearn.model_selection import GroupKFold

    day = grading.days[-1]
    train, _ = split_by_time(rows, test_from=day.snapshot_date, gap=label_gap(rows))
    tested = day.rows
    probability = np.full(len(tested), np.nan)
    for _, left_out in GroupKFold(FOLDS).split(tested, groups=tested["account_id"]):
        part = tested.iloc[left_out]
        others = train[~train["account_id"].isin(set(part["account_id"]))]
        probability[left_out] = churn_probability(fit_model(others), part)
    churned = tested["is_churned"].to_numpy(dtype=bool)
    snapshots = tested["snapshot_date"].to_numpy()
    unseen = measure(churned, probability, probability, capacity=capacity, snapshots=snapshots)
    return Unseen(day.snapshot_date, day.qualities[MODEL], unseen)
