"""fct_churn_drift: what a night writes of its drift, and what it tells."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from psycopg.rows import dict_row

from ml.catalogue import NUMERIC_NAMES
from ml.drift import REFERENCE, SCORE, Drift
from ml.drift_table import drift_lines
from ml.score import ScoreReport, score
from ml.train import train
from tests.ml.conftest import Marts
from tests.ml.past_scores import Past
from tests.ml.world import AS_OF, make_rows
from warehouse.database import Role
from warehouse.published_tables import declared_marts

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HISTORY = make_rows(accounts=40, snapshots=3)
CURRENT = make_rows(accounts=80, snapshots=1, seed=9)


def run(marts: Marts, current: pd.DataFrame = CURRENT) -> ScoreReport:
    """Train on a short history, by which a rule makes the scores, and score the night."""
    marts.fill(HISTORY, current)
    train(marts.scorer, schema=marts.schema, as_of=AS_OF, models_folder=marts.models, claim=marts.claim)
    return score_only(marts)


def score_only(marts: Marts) -> ScoreReport:
    return score(marts.scorer, claim=marts.claim, schema=marts.schema, as_of=AS_OF, models_folder=marts.models)


def rows(marts: Marts) -> dict[str, dict[str, Any]]:
    with marts.warehouse.connect(Role.CHECKER) as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(f"select * from {marts.schema}.fct_churn_drift".encode()).fetchall()
    return {row["drift_key"]: row for row in found}


def published(marts: Marts, day: date, count: int) -> None:
    Past(marts, gen=100 + day.toordinal()).publish(
        day, [{"account_id": f"P{number}", "risk": 0.5, "place": 0.5, "band": "low"} for number in range(count)]
    )


def test_every_feature_and_the_score_are_compared_with_what_the_champion_learned_from(marts: Marts) -> None:
    run(marts)
    found = rows(marts)
    # nobody's probability of silence is known of so few, and a constant has no distribution to compare
    told = {name for name in NUMERIC_NAMES if len(set(HISTORY[name].dropna())) > 1}
    assert {row["feature_code"] for row in found.values() if row["drift_kind"] == "psi"} >= told | {SCORE}
    assert {row["feature_code"] for row in found.values() if row["drift_kind"] == "missing"} >= told
    assert "volume|accounts" not in found, "no scores have been published before"
    model_id = marts.champion().entry.model_id
    assert {(row["model_id"], row["as_of_date"]) for row in found.values()} == {(model_id, AS_OF)}
    row = found["psi|tenure_days"]
    assert (row["before_accounts_count"], row["accounts_count"], row["bins_count"]) == (40, 80, 10)
    assert row["is_drifting"] == (row["drift_value"] > row["limit_value"])
    assert row["text_en"] == f"tenure_days {row['drift_value']:.3f} {row['limit_value']:.3f}"
    assert (row["drift_name_en"], row["drift_name_zh"]) == ("P", "布")


def test_the_index_of_a_feature_is_that_of_another_computation(marts: Marts) -> None:
    run(marts)
    was, now = np.sort(HISTORY["tenure_days"]), CURRENT["tenure_days"]
    ends = [float(was[int(np.ceil(len(was) * tenth / 10)) - 1]) for tenth in range(1, 10)]
    bins = pd.IntervalIndex.from_breaks([-np.inf, *ends, np.inf], closed="right")
    index = 0.0
    for each in bins:
        p = (sum(value in each for value in was) + 0.5) / (len(was) + 5)
        q = (sum(value in each for value in now) + 0.5) / (len(now) + 5)
        index += (q - p) * np.log(q / p)
    assert rows(marts)["psi|tenure_days"]["drift_value"] == pytest.approx(index)


def test_a_feature_that_moved_is_marked(marts: Marts) -> None:
    report = run(marts, CURRENT.assign(tenure_days=CURRENT["tenure_days"] * 3, return_rate_365d=np.nan))
    found = rows(marts)
    assert found["psi|tenure_days"]["is_drifting"]
    assert found["missing|return_rate_365d"]["is_drifting"]
    assert "psi|return_rate_365d" not in found
    assert {each.feature for each in report.drifts if each.is_drifting} >= {"tenure_days", "return_rate_365d"}


def test_the_volume_is_held_against_the_newest_scores_of_an_earlier_day(marts: Marts, pipeline: Pipeline) -> None:
    marts.fill(HISTORY, CURRENT)
    marts.install(pipeline)  # a champion of whom no distribution is kept
    for days, count in ((9, 80), (1, 300), (0, 80), (-1, 80)):
        published(marts, AS_OF - timedelta(days=days), count)
    report = score_only(marts)
    ((key, row),) = rows(marts).items()
    assert key == "volume|accounts"
    assert (row["before_accounts_count"], row["accounts_count"], row["is_drifting"]) == (300, 80, True)
    assert row["drift_value"] == pytest.approx(220 / 300)
    assert "drift: 80 accounts are scored, 300 were before" in report.lines()


def test_a_night_of_which_nothing_can_be_compared_has_an_empty_table(marts: Marts, pipeline: Pipeline) -> None:
    marts.fill(HISTORY, CURRENT)
    marts.install(pipeline)
    report = score_only(marts)
    assert (rows(marts), len(report.lines())) == ({}, 1)


def test_the_table_is_what_its_contract_declares(marts: Marts) -> None:
    run(marts)
    contract = next(mart for mart in declared_marts() if mart.name == "fct_churn_drift")
    with marts.warehouse.connect(Role.CHECKER) as connection:
        found = connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = %s and table_name = 'fct_churn_drift' order by ordinal_position",
            (marts.schema,),
        ).fetchall()
    assert found == list(contract.columns)


def test_a_model_s_distribution_is_kept_with_it_and_in_its_card(marts: Marts) -> None:
    history = make_rows(accounts=300, snapshots=9)
    marts.fill(history, CURRENT)
    report = train(marts.scorer, schema=marts.schema, as_of=AS_OF, models_folder=marts.models, claim=marts.claim)
    assert report.champion_kind == "model"
    with marts.scorer.transaction():
        entry = marts.champion().entry
    kept = entry.metrics[REFERENCE]
    card = json.loads((marts.models / entry.model_id / "card.json").read_text())
    assert card["metrics"][REFERENCE] == kept
    assert kept["accounts_count"] == 300
    assert sum(kept["features"][SCORE]["counts"]) == len(history)
    assert kept["features"]["gap_spread_rate"]["missing_rate"] == pytest.approx(
        history["gap_spread_rate"].isna().mean()
    )
    score_only(marts)
    assert rows(marts)[f"psi|{SCORE}"]["before_accounts_count"] == 300


def moved(feature: str, *, kind: str = "psi", value: float = 2.0) -> Drift:
    return Drift(kind, feature, value, 1.0, 9, 8)


def test_a_person_is_told_of_scores_that_drift_with_the_features_that_do() -> None:
    scores = "drift: the scores differ from those where the model learned by more than chance"
    features = [moved(f"f{number}") for number in range(7)]
    assert drift_lines([moved(SCORE), moved("quiet", value=0.5)]) == [f"{scores}; no feature does"]
    assert drift_lines([*features, moved(SCORE)]) == [f"{scores}; so do f0, f1, f2, f3, f4 and 2 more"]
    twice = [moved("f0"), moved("f0", kind="missing"), moved(SCORE)]
    assert drift_lines(twice) == [f"{scores}; so do f0"]
    assert drift_lines([moved("accounts", kind="volume")]) == ["drift: 8 accounts are scored, 9 were before"]


def test_features_that_drift_while_the_scores_do_not_are_left_to_the_table() -> None:
    assert drift_lines([moved("tenure_days"), moved(SCORE, value=0.5)]) == []
