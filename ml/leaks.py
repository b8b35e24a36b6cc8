"""A probe for features that know the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.catalogue import CATEGORICAL_NAMES, NUMERIC_NAMES
from warehouse.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 0.95
_MIN_OF_EACH = 30


class LeakSuspectedError(Problem):
    """One feature alone tells churned from kept accounts almost without error: it must know the future."""


def refuse_leaks(rows: pd.DataFrame, *, limit: float = LIMIT) -> None:
    """Raise LeakSuspectedError when any single feature, or its being missing, has an AUC above `limit`."""
    suspects = {name: auc for name, auc in single_feature_aucs(rows).items() if auc > limit}
    if suspects:
        raise LeakSuspectedError(
            "churn features",
            seen=", ".join(f"{name} alone has AUC {auc:.3f}" for name, auc in sorted(suspects.items())),
            expected=f"no single feature above {limit}",
            next_step="look at how the feature is built: it may use orders, or a master record, from after the "
            "snapshot. Nothing was trained.",
        )


def single_feature_aucs(rows: pd.DataFrame) -> dict[str, float]:
    """Return for each feature the AUC of the best ranking by it alone, 0.5 to 1; features that never vary are out.

    A category is ranked by the churn rate of one half of the accounts and judged on the other half.
    """
    labels = rows["is_churned"].to_numpy(dtype=bool)
    aucs = {}
    for name in NUMERIC_NAMES:
        values = rows[name].to_numpy(dtype=np.float64)
        known = ~np.isnan(values)
        found = [_auc(labels[known], values[known]), _auc(labels, known.astype(np.float64))]
        aucs[name] = max(found)
    is_first_half = rows["account_id"].rank(method="dense").to_numpy() % 2 == 0
    for name in CATEGORICAL_NAMES:
        rates = rows[is_first_half].groupby(name)["is_churned"].mean()
        other = rows.loc[~is_first_half, name].map(rates).fillna(labels.mean()).to_numpy(dtype=np.float64)
        aucs[name] = _auc(labels[~is_first_half], other)
    return aucs


def _auc(labels: npt.NDArray[np.bool_], values: npt.NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    if min(labels.sum(), (~labels).sum()) < _MIN_OF_EACH:
        return 0.5
    auc = float(roc_auc_score(labels, values))
    return max(auc, 1 - auc)
