"""What would lower a risk: the champion's own word on a changed account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ml.model import churn_probability
from ml.registry import Champion, Entry
from ml.silence import silence_of
from ml.what_if import ORDER_TODAY, probability_of, what_would_lower
from tests.ml.world import make_rows

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


@pytest.fixture(scope="module")
def day() -> pd.DataFrame:
    rows = make_rows(accounts=300, snapshots=1, seed=4)
    return rows.assign(silence_probability=silence_of(rows, rows, horizon_days=90))


def test_an_order_and_a_theme_at_its_peers_lower_what_the_model_says(pipeline: Pipeline, day: pd.DataFrame) -> None:
    champion = Champion(_entry("model"), pipeline)
    risky = day.iloc[[int(np.argmax(churn_probability(pipeline, day)))]]
    name = str(risky["account_id"].iloc[0])
    now = float(probability_of(champion, risky)[0])
    changes = what_would_lower(champion, day, name, everybody=day, horizon_days=90)
    assert [change.probability for change in changes] == sorted(change.probability for change in changes)
    assert all(change.probability <= now - 0.01 for change in changes)
    told = {change.code: change.probability for change in changes}
    assert ORDER_TODAY in told
    broader = risky.assign(products_365d_count=day["products_365d_count"].median())
    if float(risky["products_365d_count"].iloc[0]) < float(day["products_365d_count"].median()):
        assert told.get("breadth", now) == pytest.approx(
            min(now, float(churn_probability(pipeline, broader)[0])), abs=0.01
        )


def test_a_rule_is_only_moved_by_what_it_looks_at(day: pd.DataFrame) -> None:
    champion = Champion(_entry("rule"), None)
    silent = str(day.sort_values("overdue_ratio")["account_id"].iloc[-1])
    (change,) = what_would_lower(champion, day, silent, everybody=day, horizon_days=90)
    assert change.code == ORDER_TODAY
    assert change.probability == pytest.approx(1 / (1 + np.exp(0.5)))


def _entry(kind: str) -> Entry:
    from ml.catalogue import FEATURE_NAMES
    from tests.ml.world import AS_OF

    is_rule = kind == "rule"
    return Entry(
        model_id=kind, kind=kind, as_of=AS_OF, file_sha256=None, features=list(FEATURE_NAMES), sklearn_version="",
        rule="overdue" if is_rule else None, rule_slope=1.0 if is_rule else None,
        rule_intercept=-0.5 if is_rule else None, metrics={}, best_rule=None, beats_rule=None, grade=None, note="",
    )  # fmt: skip
