"""Splits by time, so that a test is what the night would have lived through."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from warehouse.errors import Problem

if TYPE_CHECKING:
    import pandas as pd


class NotEnoughHistoryError(Problem):
    """A split by time leaves nothing to train on, or nothing to test on."""


def split_by_time(
    rows: pd.DataFrame, *, test_from: date, gap: timedelta, test_until: date | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (train, test) such that every training label was known on `test_from`.

    `gap` is lead + horizon: a label looks that far ahead, so training stops that much earlier. Tests on the
    snapshots from `test_from` to `test_until` (the last one when None). Raises NotEnoughHistoryError.
    """
    import pandas as pd

    snapshots = rows["snapshot_date"]
    train = rows[snapshots <= pd.Timestamp(test_from) - pd.Timedelta(gap)]
    is_test = snapshots >= pd.Timestamp(test_from)
    if test_until is not None:
        is_test &= snapshots <= pd.Timestamp(test_until)
    test = rows[is_test]
    if train.empty or test.empty:
        raise NotEnoughHistoryError(
            f"a split at {test_from} with a gap of {gap.days} days",
            seen=f"{len(train)} rows to train on and {len(test)} to test on",
            expected="rows on both sides",
            next_step="choose a later day to test from, or load more history",
        )
    return train, test


def cap_snapshots(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the rows with at most so many snapshots of an account, chosen by a hash of account and day.

    The newest would not do: of early days they would leave only the accounts that left early.
    """
    import pandas as pd

    drawn = pd.util.hash_pandas_object(rows[["account_id", "snapshot_date"]], index=False)
    return rows[drawn.groupby(rows["account_id"]).rank(method="first") <= most]


def label_gap(rows: pd.DataFrame) -> timedelta:
    """Return the longest time from a snapshot to the close of its label: lead + horizon."""
    span = (rows["closes_on"] - rows["snapshot_date"]).max()
    return timedelta(days=int(span.days))
