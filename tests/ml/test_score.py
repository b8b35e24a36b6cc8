"""Scores in the build schema: complete, right, and written by one attempt only."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg import sql

from ml.catalogue import NUMERIC_NAMES
from ml.model import churn_probability
from ml.policy import Bands, PolicyGapError, read_capacity
from ml.registry import NoChampionError
from ml.score import NobodyToScoreError, ScoreReport, score
from ml.train import train
from tests.ml.conftest import Marts
from tests.ml.world import AS_OF, UNKNOWN, make_rows
from warehouse.database import Role
from warehouse.night import FencedError
from warehouse.published_tables import declared_marts

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HISTORY = make_rows(accounts=10, snapshots=1)
CURRENT = make_rows(accounts=80, snapshots=1, seed=9)


def run(marts: Marts) -> ScoreReport:
    return score(marts.scorer, claim=marts.claim, schema=marts.schema, as_of=AS_OF, models_folder=marts.models)


@pytest.fixture
def trained(marts: Marts, pipeline: Pipeline) -> Marts:
    marts.fill(HISTORY, CURRENT)
    marts.install(pipeline)
    return marts


@pytest.fixture
def young(marts: Marts) -> Marts:
    """A company with too little history for a model."""
    marts.fill(make_rows(accounts=40, snapshots=3), CURRENT)
    train(marts.scorer, schema=marts.schema, as_of=AS_OF, models_folder=marts.models, claim=marts.claim)
    return marts


def test_every_eligible_account_is_scored_by_the_champion(trained: Marts) -> None:
    report = run(trained)
    scores = trained.scores()
    champion = trained.champion()
    assert champion.pipeline is not None
    expected = churn_probability(champion.pipeline, CURRENT.sort_values("account_id"))
    assert list(scores["account_id"]) == sorted(CURRENT["account_id"])
    np.testing.assert_allclose(scores["churn_probability"], expected, atol=1e-12)
    assert set(scores["method_code"]) == {"model"}
    assert set(scores["model_id"]) == {champion.entry.model_id}
    assert set(scores["as_of_date"]) == {AS_OF}
    assert report.rows_count == len(CURRENT)
    assert sum(report.band_counts.values()) == len(CURRENT)
    assert "scored 80 accounts by model" in report.lines()[0]


def test_loss_bands_and_percentiles_follow_from_the_probability(trained: Marts) -> None:
    run(trained)
    scores = trained.scores().merge(CURRENT, on="account_id", suffixes=("", "_given"), validate="1:1")
    risk = scores["churn_probability"]
    revenue = scores["net_revenue_365d_amount_given"]
    np.testing.assert_allclose(scores["expected_loss_amount"].astype(float), risk * revenue, atol=0.0051)
    np.testing.assert_allclose(scores["net_revenue_365d_amount"].astype(float), revenue)
    bands = pd.cut(risk, [0, 0.3, 0.6, 1.01], right=False, labels=["low", "medium", "high"]).astype(str)
    assert list(scores["band_code"]) == list(bands)
    assert len(set(bands)) > 1
    by_counting = [((risk < each).sum() + (risk == each).sum() / 2) / len(risk) for each in risk]
    np.testing.assert_allclose(scores["churn_percentile"], by_counting)


def test_a_customer_in_the_red_is_no_expected_loss(trained: Marts) -> None:
    trained.fill(HISTORY, CURRENT.assign(net_revenue_365d_amount=-500.0))
    run(trained)
    assert set(trained.scores()["expected_loss_amount"].astype(float)) == {0.0}


def test_a_margin_that_nobody_knows_is_null_and_never_zero(trained: Marts) -> None:
    with trained.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(
            sql.SQL("insert into {} values ('A00000', 120.5), ('A00001', null), ('A00002', 0), ('A00003', -7)").format(
                sql.Identifier(trained.schema, "fct_account_value")
            )
        )
    run(trained)
    margins = trained.scores().set_index("account_id")["margin_at_risk_amount"]
    assert [float(margins[f"A0000{number}"]) for number in (0, 2, 3)] == [120.5, 0.0, -7.0]
    assert margins.isna().sum() == len(CURRENT) - 3


def test_coverage_is_of_the_features_that_are_known_of_anybody(trained: Marts) -> None:
    bare = CURRENT.assign(return_rate_365d=np.nan)  # known of nobody
    bare.loc[bare["account_id"] == "A00007", ["overdue_ratio", "revenue_trend_rate", "products_365d_count"]] = np.nan
    trained.fill(HISTORY, bare)
    run(trained)
    scores: dict[str, float] = dict(trained.scores()[["account_id", "feature_coverage_rate"]].itertuples(index=False))
    told = [name for name in NUMERIC_NAMES if name not in {"return_rate_365d", "silence_probability", *UNKNOWN}]
    for row in bare.to_dict("records"):
        known = sum(not np.isnan(row[name]) for name in told)
        # and the probability of silence, which the night itself makes
        assert scores[row["account_id"]] == pytest.approx((known + 1) / (len(told) + 1))


def test_a_reason_tells_how_its_value_changed_since_the_newest_snapshot_of_90_days_ago(trained: Marts) -> None:
    day = pd.Timestamp(AS_OF)
    then, later = (
        make_rows(accounts=40, snapshots=1, seed=days).assign(snapshot_date=day - pd.Timedelta(days=days))
        for days in (90, 89)
    )
    trained.fill(pd.concat([HISTORY, then, later]), CURRENT)
    run(trained)
    known = then.set_index("account_id")
    seen = 0
    for _, row in trained.scores().iterrows():
        for place in ("reason_1", "reason_2", "reason_3", "protection_1", "protection_2"):
            code, account = row[f"{place}_code"], row["account_id"]
            was = known.loc[account, code] if isinstance(code, str) and account in known.index else np.nan
            if np.isnan(was):
                assert np.isnan(row[f"{place}_change_90d_value"])
            else:
                seen += 1
                assert row[f"{place}_change_90d_value"] == pytest.approx(row[f"{place}_value"] - was)
    assert seen > 40


def test_the_table_is_what_its_contract_declares(trained: Marts) -> None:
    run(trained)
    contract = next(mart for mart in declared_marts() if mart.name == "fct_churn_scores")
    with trained.warehouse.connect(Role.CHECKER) as connection:
        found = connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = %s and table_name = 'fct_churn_scores' order by ordinal_position",
            (trained.schema,),
        ).fetchall()
    assert found == list(contract.columns)


def test_scoring_again_gives_the_same_rows(trained: Marts) -> None:
    run(trained)
    first = trained.scores()
    run(trained)
    pd.testing.assert_frame_equal(first, trained.scores())


def test_an_account_s_score_does_not_depend_on_who_else_is_scored(trained: Marts) -> None:
    run(trained)
    first = trained.scores().set_index("account_id")["churn_probability"]
    trained.fill(HISTORY, CURRENT.tail(10))
    run(trained)
    alone = trained.scores().set_index("account_id")["churn_probability"]
    np.testing.assert_array_equal(first[alone.index], alone)


def test_a_category_of_tomorrow_and_a_missing_number_are_scored(trained: Marts) -> None:
    trained.fill(HISTORY, CURRENT.assign(industry="space mining", revenue_trend_rate=np.nan, gap_spread_rate=np.nan))
    assert run(trained).rows_count == len(CURRENT)
    assert trained.scores()["churn_probability"].between(0, 1).all()


def test_a_rule_scores_with_its_own_name_a_probability_and_reasons(young: Marts) -> None:
    report = run(young)
    scores = young.scores().merge(CURRENT, on="account_id", suffixes=("", "_given"), validate="1:1")
    assert report.method_code == "overdue"
    assert set(scores["method_code"]) == {"overdue"}
    assert scores["churn_probability"].between(0, 1).all()
    ordered = scores.sort_values("overdue_ratio")
    assert ordered["churn_probability"].is_monotonic_increasing
    assert ordered["churn_percentile"].is_monotonic_increasing
    late = scores[scores["overdue_ratio"] > scores["overdue_ratio"].median()]
    assert set(late["reason_1_code"]) == {"overdue_ratio"}


def test_a_fenced_attempt_writes_nothing(trained: Marts) -> None:
    lost = dataclasses.replace(trained.claim, token="00000000-0000-0000-0000-000000000000")
    with pytest.raises(FencedError):
        score(trained.scorer, claim=lost, schema=trained.schema, as_of=AS_OF, models_folder=trained.models)
    with pytest.raises(psycopg.errors.UndefinedTable):
        trained.scores()


def test_a_changed_model_file_lets_another_score_and_says_so(trained: Marts) -> None:
    (file,) = trained.models.glob("*/model.skops")
    file.write_bytes(file.read_bytes() + b"x")
    report = run(trained)
    assert report.method_code != "model"
    assert set(trained.scores()["method_code"]) == {report.method_code}
    assert "has sha256" in report.lines()[0]
    assert any("guanxi train" in line for line in report.lines())


def test_without_a_training_nothing_is_scored(marts: Marts) -> None:
    marts.fill(HISTORY.head(0), CURRENT)
    with pytest.raises(NoChampionError):
        run(marts)


def test_a_night_without_eligible_accounts_is_told_apart_from_a_quiet_one(trained: Marts) -> None:
    trained.fill(HISTORY, CURRENT.head(0))
    with pytest.raises(NobodyToScoreError):
        run(trained)


def test_bands_must_begin_at_zero(trained: Marts) -> None:
    with trained.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(
            sql.SQL("delete from {} where band_code = 'low'").format(
                sql.Identifier(trained.schema, "policy_churn_bands")
            )
        )
    with pytest.raises(PolicyGapError, match=r"begins at 0\.3"):
        run(trained)


def test_a_probability_on_a_border_is_in_the_band_above() -> None:
    bands = Bands(("low", "medium", "high"), (0.0, 0.3, 0.6))
    risks = np.array([0.0, 0.2999, 0.3, 0.6, 1.0])
    assert list(bands.of(risks)) == ["low", "low", "medium", "high", "high"]


def test_a_day_s_calls_are_those_of_the_active_managers(marts: Marts) -> None:
    assert read_capacity(marts.scorer, marts.schema) == 5 + 20


def test_tomorrow_s_night_is_scored_with_the_champion_of_today(trained: Marts) -> None:
    tomorrow = AS_OF + timedelta(days=1)
    assert trained.champion(tomorrow).method_code == "model"
