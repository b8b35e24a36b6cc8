"""What is read from the marts, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import LiteralString

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg import sql

from ml.catalogue import FEATURE_NAMES
from ml.features import FeatureColumnsError, read_scoring_rows, read_training_rows
from ml.silence import silence_of
from tests.ml.conftest import Marts
from tests.ml.world import AS_OF, make_rows
from warehouse.database import Role

HISTORY = make_rows(accounts=40, snapshots=9)
CURRENT = make_rows(accounts=40, snapshots=1, seed=9)


def alter(marts: Marts, statement: LiteralString) -> None:
    with marts.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(marts.schema)))


def test_training_rows_come_back_as_they_went_in(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    read = read_training_rows(marts.scorer, schema=marts.schema, as_of=AS_OF)
    assert len(read) == len(HISTORY)
    expected = HISTORY.sort_values(["snapshot_date", "account_id"], ignore_index=True)[list(read.columns)]
    made = silence_of(expected, HISTORY, horizon_days=90)
    assert read["silence_probability"].to_numpy() == pytest.approx(made.to_numpy(), rel=1e-3)
    assert made.between(0, 1).all()
    columns = [name for name in read.columns if name != "silence_probability"]
    pd.testing.assert_frame_equal(read[columns], expected[columns], check_dtype=False, rtol=1e-12)
    assert read["overdue_ratio"].dtype == np.float64


def test_only_labels_known_by_the_day_are_read(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    as_of = date(2025, 6, 1)
    read = read_training_rows(marts.scorer, schema=marts.schema, as_of=as_of)
    assert len(read) > 0
    assert read["closes_on"].max() <= pd.Timestamp(as_of)
    known = HISTORY[HISTORY["closes_on"] <= pd.Timestamp(as_of)]
    assert len(read) == len(known)


def test_a_bound_on_rows_leaves_out_whole_accounts_and_the_same_ones_each_time(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    read = read_training_rows(marts.scorer, schema=marts.schema, as_of=AS_OF, max_rows=180)
    assert 60 < len(read) < 300
    assert (read.groupby("account_id").size() == 9).all()
    again = read_training_rows(marts.scorer, schema=marts.schema, as_of=AS_OF, max_rows=180)
    pd.testing.assert_frame_equal(read, again)


def test_scoring_rows_are_the_eligible_of_the_day(marts: Marts) -> None:
    marts.fill(HISTORY, CURRENT)
    alter(marts, "update {}.fct_churn_features set is_eligible = false where account_id = 'A00003'")
    read = read_scoring_rows(marts.scorer, schema=marts.schema, as_of=AS_OF)
    assert len(read) == 39
    assert "A00003" not in set(read["account_id"])
    assert set(read["snapshot_date"]) == {pd.Timestamp(AS_OF)}
    assert set(FEATURE_NAMES) <= set(read.columns)


def test_training_and_the_night_read_the_same_values(marts: Marts) -> None:
    """What the night would have read on a past snapshot is what training reads of it now, feature by feature."""
    marts.fill(HISTORY, CURRENT)
    learned = read_training_rows(marts.scorer, schema=marts.schema, as_of=AS_OF)
    for day in sorted(learned["snapshot_date"].unique()):
        night = read_scoring_rows(marts.scorer, schema=marts.schema, as_of=day.date())
        of_day = learned[learned["snapshot_date"] == day].reset_index(drop=True)
        columns = ["account_id", *FEATURE_NAMES]
        pd.testing.assert_frame_equal(night[columns].reset_index(drop=True), of_day[columns], rtol=0, atol=0)


def test_a_missing_column_stops(marts: Marts) -> None:
    alter(marts, "alter table {}.fct_churn_features drop column overdue_ratio")
    with pytest.raises(FeatureColumnsError, match="missing: overdue_ratio"):
        read_scoring_rows(marts.scorer, schema=marts.schema, as_of=AS_OF)


def test_an_unknown_column_stops(marts: Marts) -> None:
    alter(marts, "alter table {}.fct_churn_features add column is_lost boolean")
    with pytest.raises(FeatureColumnsError, match="unknown: is_lost"):
        read_training_rows(marts.scorer, schema=marts.schema, as_of=AS_OF)


def test_a_schema_without_marts_is_named(marts: Marts) -> None:
    with pytest.raises(FeatureColumnsError, match="not there"):
        read_scoring_rows(marts.scorer, schema="build_9_9", as_of=AS_OF)


def test_the_scorer_may_read_the_marts_but_not_change_them(marts: Marts) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        marts.scorer.execute(sql.SQL("delete from {}").format(sql.Identifier(marts.schema, "fct_churn_features")))
