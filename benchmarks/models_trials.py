"""What was tried of the churn model and decided by: how large its trees are, on what it is calibrated, and how many
snapshots of an account it learns from.

Decisions 0054, 0059 and 0063 rest on these tables; every way learns from the same rows and is judged on the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table

from ml import model
from ml.compare import MIN_OF_EACH
from ml.evaluate import Quality, measure
from ml.grades.grading import gradable_days
from ml.model import churn_probability, encode, fit_model, raw_margin
from ml.split import label_gap, split_by_time

Floats = npt.NDArray[np.float64]
Way = Callable[[pd.DataFrame, pd.DataFrame], Floats]

_SHOWN = {"auc": "AUC", "average_precision": "AP", "brier": "Brier", "calibration_slope": "slope",
          "calibration_error": "cal. error"}  # fmt: skip
_EVERY = 3
"""Of a long history every third day is tried."""
_MANY_DAYS = 12
_CAPS = (6, 12, 24, 36)


def print_trials(console: Console, company: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Print a table a trial and return the means by trial and way."""
    days = gradable_days(rows)
    days = days[::_EVERY] if len(days) > _MANY_DAYS else days
    parts = [split_by_time(rows, test_from=day, test_until=day, gap=label_gap(rows)) for day in days]
    apart = [part for part in parts if _later_slice(part[0]) is not None]
    return {
        title: _tried(console, f"{company}: {title}, {len(chosen)} days", ways, chosen)
        for title, ways, chosen in (
            ("trees", {"few and small": _few, "many and large": _many}, parts),
            ("calibration", {"by accounts": _plain, "later slice": _on_slice, "slice, all learned": _on_all}, apart),
            ("snapshots of an account", {f"at most {most}": _capped(most) for most in _CAPS}, parts),
        )
        if chosen
    }


def _tried(
    console: Console, title: str, ways: Mapping[str, Way], parts: list[tuple[pd.DataFrame, pd.DataFrame]]
) -> dict[str, dict[str, float]]:
    table = Table("way", *_SHOWN.values(), title=title, title_justify="left")
    told = {}
    for name, way in ways.items():
        qualities = [_quality(test, way(train, test)) for train, test in parts]
        told[name] = {metric: float(np.mean([getattr(each, metric) for each in qualities])) for metric in _SHOWN}
        table.add_row(name, *(f"{mean:.4f}" for mean in told[name].values()))
    console.print(table)
    return told


def _quality(test: pd.DataFrame, probability: Floats) -> Quality:
    return measure(test["is_churned"].to_numpy(dtype=bool), probability, probability, capacity=len(test))


def _plain(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    return churn_probability(fit_model(train), test)


def _few(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    with patch.object(model, "MANY_ROWS", len(train) + 1):
        return _plain(train, test)


def _many(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    with patch.object(model, "MANY_ROWS", 0):
        return _plain(train, test)


def _capped(most: int) -> Way:
    def way(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
        with patch.object(model, "MAX_SNAPSHOTS_PER_ACCOUNT", most):
            return _plain(train, test)

    return way


def _on_slice(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    old, newest = _later_slice(train) or (train, train)
    return _calibrated(old, newest, judged_by=old, test=test)


def _on_all(train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    old, newest = _later_slice(train) or (train, train)
    return _calibrated(old, newest, judged_by=train, test=test)


def _later_slice(train: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return what was known a horizon before the newest snapshot, and that snapshot; None when that is too little."""
    newest = train["snapshot_date"].max()
    old = train[train["snapshot_date"] <= newest - label_gap(train)]
    churned = int(old["is_churned"].sum())
    return None if min(churned, len(old) - churned) < MIN_OF_EACH else (old, train[train["snapshot_date"] == newest])


def _calibrated(old: pd.DataFrame, newest: pd.DataFrame, *, judged_by: pd.DataFrame, test: pd.DataFrame) -> Floats:
    """Fit the sigmoid on the newest snapshot by trees that learned before it, and use it on those of `judged_by`."""
    from sklearn.linear_model import LogisticRegression

    before, then = fit_model(old), fit_model(judged_by)
    margins = raw_margin(before, encode(before, newest)).reshape(-1, 1)
    sigmoid = LogisticRegression(C=np.inf).fit(margins, newest["is_churned"])
    told: Floats = sigmoid.predict_proba(raw_margin(then, encode(then, test)).reshape(-1, 1))[:, 1]
    return told
