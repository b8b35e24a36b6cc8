"""Splits by time keep what was not yet known out of the learning."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.compare import hold_out_latest
from ml.split import NotEnoughHistoryError, cap_snapshots, label_gap, split_by_time
from tests.ml.world import make_rows

ROWS = make_rows(accounts=120, snapshots=9)


@given(st.dates(date(2025, 5, 1), date(2025, 8, 31)), st.integers(0, 30))
def test_every_training_label_was_known_on_the_test_day(test_from: date, lead: int) -> None:
    gap = label_gap(ROWS) + timedelta(days=lead)
    train, test = split_by_time(ROWS, test_from=test_from, gap=gap)
    assert train["closes_on"].max() + timedelta(days=lead) <= pd.Timestamp(test_from)
    assert test["snapshot_date"].min() >= pd.Timestamp(test_from)


def test_a_label_that_closes_on_the_test_day_may_be_learned_from() -> None:
    day = date(2024, 12, 31) + timedelta(days=90)
    train, _ = split_by_time(ROWS, test_from=day, gap=timedelta(days=90))
    assert set(train["snapshot_date"]) == {pd.Timestamp("2024-12-31")}
    with pytest.raises(NotEnoughHistoryError):
        split_by_time(ROWS, test_from=day - timedelta(days=1), gap=timedelta(days=90))


def test_training_rows_are_the_same_in_a_world_that_ends_on_the_test_day() -> None:
    test_from = date(2025, 6, 30)
    whole, _ = split_by_time(ROWS, test_from=test_from, gap=label_gap(ROWS))
    truncated = make_rows(accounts=120, snapshots=9, until=test_from)
    seen, _ = split_by_time(truncated, test_from=test_from, gap=label_gap(truncated))
    pd.testing.assert_frame_equal(whole, seen)


def test_a_test_may_be_one_snapshot() -> None:
    day = date(2025, 6, 30)
    _, test = split_by_time(ROWS, test_from=day, test_until=day, gap=label_gap(ROWS))
    assert set(test["snapshot_date"]) == {pd.Timestamp(day)}


def test_the_newest_closed_snapshots_are_held_out_while_enough_is_left() -> None:
    parts = hold_out_latest(make_rows(accounts=300, snapshots=9))
    assert parts is not None
    train, test = parts
    assert test["snapshot_date"].nunique() == 3
    assert train["snapshot_date"].nunique() >= 3
    few = hold_out_latest(make_rows(accounts=300, snapshots=5))
    assert few is not None
    assert len(set(few[1]["snapshot_date"])) == 1
    assert hold_out_latest(make_rows(accounts=300, snapshots=3)) is None


def test_an_old_account_gives_no_more_snapshots_than_the_cap_and_no_age_is_preferred() -> None:
    capped = cap_snapshots(ROWS, 4)
    counts = ROWS.groupby("account_id").size()
    assert counts.max() > 4, "somebody must have more, or nothing is capped"
    pd.testing.assert_series_equal(capped.groupby("account_id").size(), counts.clip(upper=4))
    share = capped.groupby("snapshot_date").size() / ROWS.groupby("snapshot_date").size()
    assert share.max() - share.min() < 0.25, "of every month about the same share is kept"
    pd.testing.assert_frame_equal(cap_snapshots(ROWS.sample(frac=1, random_state=1), 4).sort_index(), capped)
    pd.testing.assert_frame_equal(cap_snapshots(ROWS, 1000), ROWS)
