"""The truth about each account, for measuring a model against. The pipeline never reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.accounts import Accounts
from simulator.behaviour import Lives, Mood
from simulator.draws import Ints
from simulator.erp_rows import account_code
from simulator.files import part_of
from simulator.seasons import NEVER


def truth_schema() -> pa.Schema:
    """One row per account, as it stands at the end of the last day.

    crm_account_ids are the ids of its records in a CRM with ids of its own. left_on is the latest leave and won_back_on
    the latest return: an account is gone if it has left and not returned since. annual_hazard is the expected number
    of leaves a year while the account is active. usual_gap_days and usual_order_amount are what it would do without
    seasons, trends and moods.
    """
    return pa.schema(
        [
            ("account_id", pa.string()),
            ("crm_account_ids", pa.list_(pa.string())),
            ("mood", pa.string()),
            ("annual_hazard", pa.float64()),
            ("usual_gap_days", pa.float64()),
            ("gap_shape", pa.int64()),
            ("usual_order_amount", pa.float64()),
            ("purchase_days_count", pa.int64()),
            ("is_buyer", pa.bool_()),
            ("started_on", pa.date32()),
            ("left_on", pa.date32()),
            ("won_back_on", pa.date32()),
        ]
    )


@contextmanager
def open_truth(path: Path) -> Iterator[pq.ParquetWriter]:
    """The part of a parquet file; pass the writer to every `add_truth`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(part_of(path), truth_schema()) as writer:
        yield writer


def add_truth(writer: pq.ParquetWriter, accounts: Accounts, lives: Lives, *, crm_ids: dict[str, list[str]]) -> None:
    """Write the accounts of a block."""
    codes = [account_code(number) for number in accounts.number.tolist()]
    moods = pa.array([mood.name.lower() for mood in Mood])
    columns = {
        "account_id": pa.array(codes, pa.string()),
        "crm_account_ids": pa.array([crm_ids.get(code, []) for code in codes], pa.list_(pa.string())),
        "mood": moods.take(pa.array(lives.mood)),
        "annual_hazard": pa.array(lives.annual_hazard),
        "usual_gap_days": pa.array(accounts.gap_days),
        "gap_shape": pa.array(accounts.gap_shape),
        "usual_order_amount": pa.array(np.exp(accounts.log_order_value + accounts.order_spread**2 / 2)),
        "purchase_days_count": pa.array(lives.purchases_count),
        "is_buyer": pa.array(accounts.is_buyer),
        "started_on": _dates(accounts.starts),
        "left_on": _dates(lives.left_day),
        "won_back_on": _dates(lives.returned_day),
    }
    writer.write_table(pa.table(columns, schema=truth_schema()))


def _dates(day: Ints) -> pa.Array:
    return pa.array(np.where(day == NEVER, 0, day).astype("datetime64[D]"), pa.date32(), mask=day == NEVER)
