"""The churn model: one pipeline that holds all that is learned."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.catalogue import CATEGORICAL_NAMES, FEATURE_NAMES, NUMERIC
from ml.features import require_features
from ml.split import cap_snapshots

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]

SEED = 8128
FOLDS = 5

# For a few hundred to a few hundred thousand rows: slow learning, small trees, large leaves. What a feature may
# do is bound by its direction (ml/catalogue.py), which on small data is worth more than any of these.
HYPERPARAMETERS: dict[str, Any] = {
    "learning_rate": 0.03,
    "max_iter": 150,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 50,
    "l2_regularization": 10.0,
    "max_features": 0.3,
    "early_stopping": False,
}
MANY_ROWS = 20_000
GROWN: dict[str, Any] = {"max_iter": 300, "max_leaf_nodes": 16}
"""From many rows on the trees may grow and be more: they find what few rows do not show (decision 0054)."""
MAX_SNAPSHOTS_PER_ACCOUNT = 24
"""So that a few old accounts, each of whose month ends is much like the one before, do not outvote the others."""
MIN_OBSERVED_ACCOUNTS = 50
"""A feature known for fewer accounts is left out: in a fold of the calibration it might be wholly missing."""
MIN_CATEGORY_ROWS = 50
MAX_CATEGORIES = 20


def fit_model(rows: pd.DataFrame, extra: Mapping[str, int] | None = None) -> Pipeline:
    """Fit encoder, boosted trees and calibration on rows with `is_churned`; the same rows give the same model.

    `extra` are further numeric columns with their directions, for a trial; no night has any.
    The sigmoid that turns margins into probabilities is fitted on predictions for accounts which the trees of that
    fold had not seen. Raises FeatureColumnsError.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import Pipeline

    require_features(rows)
    rows = cap_snapshots(rows, MAX_SNAPSHOTS_PER_ACCOUNT)
    rows = rows.sort_values(["snapshot_date", "account_id"], kind="stable", ignore_index=True)
    labels = rows["is_churned"].to_numpy(dtype=np.int64)
    numeric, categorical = _observed(rows, extra or {})
    encoder = _encoder(list(numeric), categorical)
    encoded = encoder.fit_transform(rows[[*numeric, *categorical]])
    trees = HistGradientBoostingClassifier(
        random_state=SEED,
        categorical_features=None,
        monotonic_cst=[*numeric.values(), *[0] * len(categorical)],
        **HYPERPARAMETERS | (GROWN if len(rows) >= MANY_ROWS else {}),
    )
    folds = list(GroupKFold(FOLDS).split(encoded, labels, rows["account_id"]))
    calibrated = CalibratedClassifierCV(trees, method="sigmoid", cv=folds, ensemble=False)
    with one_thread():
        calibrated.fit(encoded, labels)
    calibrated.set_params(cv=FOLDS)  # the list of folds is the length of the data, and has no place in the file
    return Pipeline([("encode", encoder), ("classify", calibrated)])


def churn_probability(pipeline: Pipeline, rows: pd.DataFrame) -> Floats:
    """Return each row's calibrated probability of churn. Raises FeatureColumnsError."""
    encoded = encode(pipeline, rows)
    with one_thread():
        result: Floats = pipeline.named_steps["classify"].predict_proba(encoded)[:, 1]
    return result


def encode(pipeline: Pipeline, rows: pd.DataFrame) -> Floats:
    """Return the matrix that the trees see, its columns in the order of `used_features`."""
    require_features(rows)
    encoded: Floats = pipeline.named_steps["encode"].transform(rows[used_features(pipeline)])
    return encoded


def used_features(pipeline: Pipeline) -> list[str]:
    """Return the features the model was fitted with, numeric ones first."""
    return [str(name) for name in pipeline.named_steps["encode"].feature_names_in_]


def raw_margin(pipeline: Pipeline, encoded: Floats) -> Floats:
    """Return the log-odds of the trees before calibration, for a matrix from `encode`."""
    trees = pipeline.named_steps["classify"].calibrated_classifiers_[0].estimator
    with one_thread():
        margin: Floats = trees.decision_function(encoded)
    return margin


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep the trees to one thread inside: small parallel regions that wait for a busy core cost 30 times as much
    as they save, and a night shares its cores with the database."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        yield


def fit_parameters() -> dict[str, Any]:
    """Return everything besides the rows that decides what is learned; part of a model's identity."""
    return {
        **HYPERPARAMETERS,
        "many_rows": MANY_ROWS,
        "grown": GROWN,
        "seed": SEED,
        "folds": FOLDS,
        "max_snapshots_per_account": MAX_SNAPSHOTS_PER_ACCOUNT,
        "min_observed_accounts": MIN_OBSERVED_ACCOUNTS,
        "min_category_rows": MIN_CATEGORY_ROWS,
        "max_categories": MAX_CATEGORIES,
        "features": list(FEATURE_NAMES),
        "directions": [feature.direction for feature in NUMERIC],
    }


def _observed(rows: pd.DataFrame, extra: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Return the features that say something in these rows; a company may not have industries, or returns.

    The numeric ones come with their directions.
    """
    accounts = rows["account_id"]
    wanted = {feature.name: feature.direction for feature in NUMERIC} | dict(extra)
    numeric = {
        name: direction
        for name, direction in wanted.items()
        if accounts[rows[name].notna()].nunique() >= MIN_OBSERVED_ACCOUNTS
    }
    categorical = [name for name in CATEGORICAL_NAMES if len(set(rows[name])) > 1]
    return numeric, categorical


def _encoder(numeric: list[str], categorical: list[str]) -> ColumnTransformer:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    # Rare categories share one code; a category never seen becomes missing, which the trees know how to route.
    # The trees read the codes as numbers: their own handling of categories would put functools.partial into the
    # model file, and a loader that trusts that trusts anything.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        min_frequency=MIN_CATEGORY_ROWS,
        max_categories=MAX_CATEGORIES,
    )
    return ColumnTransformer([("numeric", "passthrough", numeric), ("categorical", codes, categorical)])
