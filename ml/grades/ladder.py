"""The ladder of what a user would pick instead of the model, from the base rate to boosting without any tuning.

Up to five rungs are rules that can make the lists (ml/rules.py). The others only stand beside the model when it is
graded: the base rate, the best rule of Dynamics 365's halving family, a plain logistic regression, and boosted trees
with the settings of the library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.catalogue import CATEGORICAL_NAMES, NUMERIC_NAMES
from ml.model import SEED, churn_probability, fit_model, one_thread
from ml.rules import Rule, fit_rule, known_rules
from ml.split import label_gap

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

BASE_RATE = "base_rate"
HALVING = "halving"
LOGISTIC = "logistic"
BOOSTING = "boosting"

_SHORTEST_WINDOW_DAYS = 31
"""The window is halved until it is a month or less."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a rung says of the tested rows: a score, higher is riskier, and the probability of churn, 0 to 1."""

    score: Floats
    probability: Floats


Rung = Callable[["pd.DataFrame", "pd.DataFrame"], Forecast]
"""Learns from the first frame, which has `is_churned`, and judges the second."""


def ladder(rows: pd.DataFrame) -> dict[str, Rung]:
    """Return every rung that the rows have the features of, by name, from the simplest; none of them is the model."""
    rules = {rule.value: _of_rule(rule) for rule in known_rules(rows)}
    return {BASE_RATE: base_rate, HALVING: halving, **rules, LOGISTIC: logistic, BOOSTING: boosting}


def of_model(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
    """The model as the night fits it. Raises FeatureColumnsError."""
    probability = churn_probability(fit_model(train), test)
    return Forecast(probability, probability)


def base_rate(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
    """Everybody is as likely to leave as those before were."""
    rate = np.full(len(test), float(train["is_churned"].mean()))
    return Forecast(rate, rate)


def halving(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
    """The best rule "silent for so many days, so lost" of the horizon, its half, its quarter, to a month or less.

    The family is that of Dynamics 365's baseline; the best is picked on what was learned from, by average precision.
    """
    from sklearn.metrics import average_precision_score

    labels = train["is_churned"].to_numpy(dtype=bool)
    windows = halved(label_gap(train).days)
    best = max(windows, key=lambda days: average_precision_score(labels, _is_silent(train, days)))
    silent = _is_silent(train, best)
    rates = [_rate(labels[~silent], labels), _rate(labels[silent], labels)]
    said = _is_silent(test, best)
    return Forecast(said.astype(np.float64), np.where(said, rates[1], rates[0]))


def halved(days: int) -> list[int]:
    """Return the window and its halves, the last of them a month or less."""
    windows = [days]
    while windows[-1] > _SHORTEST_WINDOW_DAYS:
        windows.append(windows[-1] // 2)
    return windows


def logistic(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
    """A logistic regression on every number, brought to a bell shape, what is missing in its middle."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    columns = [name for name in NUMERIC_NAMES if len(np.unique(train[name].dropna())) > 1]
    line = make_pipeline(
        QuantileTransformer(n_quantiles=min(100, len(train)), output_distribution="normal", random_state=SEED),
        SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
        LogisticRegression(max_iter=1000),
    )
    line.fit(train[columns], train["is_churned"].to_numpy(dtype=bool))
    probability: Floats = line.predict_proba(test[columns])[:, 1]
    return Forecast(probability, probability)


def boosting(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
    """Boosted trees as the library sets them, on every feature."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(random_state=SEED, categorical_features=list(CATEGORICAL_NAMES))
    with one_thread():
        trees.fit(_typed(train, train), train["is_churned"].to_numpy(dtype=bool))
        probability: Floats = trees.predict_proba(_typed(test, train))[:, 1]
    return Forecast(probability, probability)


def _of_rule(rule: Rule) -> Rung:
    def judge(train: pd.DataFrame, test: pd.DataFrame) -> Forecast:
        fitted = fit_rule(rule, train)
        return Forecast(fitted.score(test), fitted.probability(test))

    return judge


def _is_silent(rows: pd.DataFrame, days: int) -> npt.NDArray[np.bool_]:
    silent: npt.NDArray[np.bool_] = rows["days_since_last_order"].to_numpy(dtype=np.float64) >= days
    return silent


def _rate(some: npt.NDArray[np.bool_], everybody: npt.NDArray[np.bool_]) -> float:
    return float(some.mean() if len(some) else everybody.mean())


def _typed(rows: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """The columns that the library reads, the most usual categories of `train` as categories, the others missing."""
    import pandas as pd

    known = [name for name in NUMERIC_NAMES if train[name].notna().any()]  # the library fails on a column of nothing
    typed = rows[[*known, *CATEGORICAL_NAMES]].copy()
    for name in CATEGORICAL_NAMES:
        usual = train[name].value_counts().index[:200]  # the library knows no more than 255
        typed[name] = pd.Categorical(typed[name], categories=usual)
    return typed
