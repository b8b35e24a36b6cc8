"""What the ways of foreseeing read from a build schema."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from psycopg import sql

from ml.features import read_snapshots
from ml.lifetime.days import Closed
from ml.policy import PolicyGapError
from warehouse.frames import read_frame

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

MAX_ACCOUNTS = 2_400
"""Of more, so many are learned from and graded on by the hash of their id, so that a night stays short."""


def read_horizons(connection: psycopg.Connection, schema: str) -> dict[int, bool]:
    """Return policy_lifetime_horizons: months, ascending, and whether they are told. Raises PolicyGapError."""
    query = sql.SQL("select months_count, is_told from {} order by 1").format(
        sql.Identifier(schema, "policy_lifetime_horizons")
    )
    found = {int(months): bool(told) for months, told in connection.execute(query)}
    if not any(found.values()):
        raise PolicyGapError(
            "policy_lifetime_horizons",
            seen="no horizon that is told",
            expected="one or more",
            next_step="mend dbt_project/seeds/policy/policy_lifetime_horizons.csv and run the night again",
        )
    return found


def read_closed(connection: psycopg.Connection, schema: str, *, as_of: date) -> list[Closed]:
    """Return the days whose horizon has closed by `as_of`, a horizon each, shortest first."""
    query = sql.SQL(
        "select months_count, array_agg(distinct snapshot_date order by snapshot_date) from {}"
        " where closes_on <= %s group by months_count order by months_count"
    ).format(sql.Identifier(schema, "fct_value_labels"))
    return [Closed(int(months), tuple(days)) for months, days in connection.execute(query, (as_of,))]


def read_rows(
    connection: psycopg.Connection, *, schema: str, days: list[date], most: int | None = MAX_ACCOUNTS
) -> pd.DataFrame:
    """Return everybody who had ordered by each day, as read_snapshots, with what fct_value_features adds.

    Raises FeatureColumnsError.
    """
    import pandas as pd

    rows = read_snapshots(connection, schema=schema, days=days, most=most)
    query = sql.SQL(
        "select account_id, snapshot_date, cast(net_revenue_total_amount as double precision)"
        " as net_revenue_total_amount, cast(formula_month_amount as double precision) as formula_month_amount"
        " from {} where snapshot_date = any(%s) and account_id = any(%s)"
    ).format(sql.Identifier(schema, "fct_value_features"))
    values = read_frame(connection, query, (days, rows["account_id"].unique().tolist()))
    values["snapshot_date"] = pd.to_datetime(values["snapshot_date"])
    values["formula_month_amount"] = values["formula_month_amount"].astype("float64")
    return rows.merge(values, on=["account_id", "snapshot_date"], how="inner", validate="1:1")


def read_labels(connection: psycopg.Connection, *, schema: str, closed: Closed, accounts: list[str]) -> pd.DataFrame:
    """Return what each of the accounts brought after the days that are needed of a horizon.

    Columns: account_id, snapshot_date, closes_on (midnight timestamps), net_revenue_amount and order_days_count.
    """
    import pandas as pd

    query = sql.SQL(
        "select account_id, snapshot_date, closes_on, cast(net_revenue_amount as double precision)"
        " as net_revenue_amount, cast(order_days_count as double precision) as order_days_count"
        " from {} where months_count = %s and snapshot_date = any(%s) and account_id = any(%s)"
    ).format(sql.Identifier(schema, "fct_value_labels"))
    labels = read_frame(connection, query, (closed.months, sorted(closed.needed()), accounts))
    for name in ("snapshot_date", "closes_on"):
        labels[name] = pd.to_datetime(labels[name])
    return labels
