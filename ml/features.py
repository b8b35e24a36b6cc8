"""What a model may see, read from the marts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from ml.catalogue import CATEGORICAL_NAMES, FEATURE_NAMES, NUMERIC_NAMES, SILENCE, TABLE_NAMES
from ml.policy import read_horizon_days
from ml.silence import HISTORY_COLUMNS, MAX_CUSTOMERS, silence_of
from warehouse.errors import Problem
from warehouse.frames import read_frame

if TYPE_CHECKING:
    import pandas as pd

FEATURES_TABLE = "fct_churn_features"
LABELS_TABLE = "fct_churn_labels"

_SAMPLED = sql.SQL("mod(('x' || substr(md5(features.account_id), 1, 7))::bit(28)::integer, 10000) < %s")
"""Of 10,000 slots that the hash of an account's id falls in, the first so many: a whole account is in or out."""

MAX_TRAINING_ROWS = 200_000
"""Above this, whole accounts are left out by the hash of their id, so that memory and time stay bounded."""


class FeatureColumnsError(Problem):
    """The feature table lacks a column of the frozen list, or has one that is not on it."""


_KEYS = ("account_id", "snapshot_date")
_TABLE_COLUMNS = frozenset((*TABLE_NAMES, *_KEYS, "is_eligible", "is_current", "as_of_date"))


def read_training_rows(
    connection: psycopg.Connection, *, schema: str, as_of: date, max_rows: int = MAX_TRAINING_ROWS
) -> pd.DataFrame:
    """Return the eligible account x snapshot rows whose label was known by `as_of`, oldest first.

    Columns: account_id, snapshot_date, closes_on (midnight timestamps), is_churned (bool), FEATURE_NAMES (float64,
    and text for the categorical ones). Raises FeatureColumnsError.
    """
    require_table(connection, schema)
    counted = connection.execute(
        sql.SQL("select count(*) from {} where is_scored and closes_on <= %s").format(
            sql.Identifier(schema, LABELS_TABLE)
        ),
        (as_of,),
    ).fetchone()
    total = 0 if counted is None else int(counted[0])
    slots = 10_000 if total <= max_rows else max(1, 10_000 * max_rows // total)
    query = sql.SQL(
        "select features.account_id, features.snapshot_date, labels.closes_on, labels.is_churned, {columns}"
        " from {features} as features"
        " join {labels} as labels"
        " on features.account_id = labels.account_id and features.snapshot_date = labels.snapshot_date"
        " where features.is_eligible and labels.is_scored and labels.closes_on <= %s"
        " and {sampled}"
        ' order by features.snapshot_date, features.account_id collate "C"'
    ).format(
        columns=_columns(),
        sampled=_SAMPLED,
        features=sql.Identifier(schema, FEATURES_TABLE),
        labels=sql.Identifier(schema, LABELS_TABLE),
    )
    return _with_silence(connection, schema, _typed(read_frame(connection, query, (as_of, slots))))


def read_scoring_rows(connection: psycopg.Connection, *, schema: str, as_of: date) -> pd.DataFrame:
    """Return the accounts eligible at `as_of`, by id: account_id, snapshot_date and FEATURE_NAMES.

    Raises FeatureColumnsError.
    """
    require_table(connection, schema)
    query = sql.SQL(
        "select features.account_id, features.snapshot_date, {columns} from {features} as features"
        " where features.is_eligible and features.snapshot_date = %s"
        ' order by features.account_id collate "C"'
    ).format(columns=_columns(), features=sql.Identifier(schema, FEATURES_TABLE))
    return _with_silence(connection, schema, _typed(read_frame(connection, query, (as_of,))))


def read_snapshots(connection: psycopg.Connection, *, schema: str, days: list[date], most: int | None) -> pd.DataFrame:
    """Return everybody who had ordered by each of the days, whether it is scored or not, oldest day first.

    Columns: account_id, snapshot_date (midnight timestamp), is_eligible (bool) and TABLE_NAMES. Of a day with more
    accounts than `most`, about so many by the hash of their id. Raises FeatureColumnsError.
    """
    require_table(connection, schema)
    query = sql.SQL(
        "select features.account_id, features.snapshot_date, features.is_eligible, {columns} from {table} as features"
        " where features.snapshot_date = any(%s) and features.order_days_total_count > 0"
        " and {sampled}"
        ' order by features.snapshot_date, features.account_id collate "C"'
    ).format(columns=_columns(), sampled=_SAMPLED, table=sql.Identifier(schema, FEATURES_TABLE))
    return _typed(read_frame(connection, query, (days, _slots(connection, schema, most))))


def require_table(connection: psycopg.Connection, schema: str) -> None:
    """Raise FeatureColumnsError unless the feature table has exactly the columns this list was frozen with."""
    found = frozenset(
        name
        for (name,) in connection.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
            (schema, FEATURES_TABLE),
        )
    )
    if found != _TABLE_COLUMNS:
        raise FeatureColumnsError(
            f"{schema}.{FEATURES_TABLE}",
            seen=_difference(found),
            expected="exactly the columns that ml/catalogue.py lists",
            next_step="rebuild the marts (guanxi transform); if the change is meant, change ml/catalogue.py with it "
            "and train again (guanxi train)",
        )


def require_features(rows: pd.DataFrame) -> None:
    """Raise FeatureColumnsError when a frame lacks a feature or one holds infinity. A column is never filled in."""
    import numpy as np

    missing = [name for name in FEATURE_NAMES if name not in rows.columns]
    if missing:
        raise FeatureColumnsError(
            "rows to train on or to score",
            seen=f"without {', '.join(missing)}",
            expected="every feature that ml/catalogue.py lists",
            next_step="read the rows with ml.features, or rebuild the marts (guanxi transform)",
        )
    infinite = np.isinf(rows[list(NUMERIC_NAMES)].to_numpy(dtype=np.float64)).sum(axis=0)
    if infinite.any():
        named = ", ".join(
            f"{name} in {count} rows" for name, count in zip(NUMERIC_NAMES, infinite, strict=True) if count
        )
        raise FeatureColumnsError(
            "rows to train on or to score",
            seen=f"infinity: {named}",
            expected="numbers, or nothing where it is not known",
            next_step="look at how the feature is built in fct_churn_features, then run the night again",
        )


def _difference(found: frozenset[str]) -> str:
    if not found:
        return "the table is not there, or may not be read"
    missing, unknown = sorted(_TABLE_COLUMNS - found), sorted(found - _TABLE_COLUMNS)
    parts = (("missing", missing), ("unknown", unknown))
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)


def read_histories(connection: psycopg.Connection, *, schema: str, days: list[date]) -> pd.DataFrame:
    """Return what a model of buying is fitted on: everybody who had ordered by each day, or as many as it needs.

    Columns: snapshot_date (midnight timestamp) and HISTORY_COLUMNS.
    """
    import pandas as pd

    table = sql.Identifier(schema, FEATURES_TABLE)
    query = sql.SQL(
        "select snapshot_date, {columns} from {table} as features where snapshot_date = any(%s)"
        " and {sampled}"
        ' order by snapshot_date, account_id collate "C"'
    ).format(columns=sql.SQL(", ").join(map(sql.Identifier, HISTORY_COLUMNS)), sampled=_SAMPLED, table=table)
    everybody = read_frame(connection, query, (days, _slots(connection, schema, MAX_CUSTOMERS)))
    everybody["snapshot_date"] = pd.to_datetime(everybody["snapshot_date"])
    return everybody


def _slots(connection: psycopg.Connection, schema: str, most: int | None) -> int:
    """Return in how many of 10,000 slots the hash of an id may fall, so that no day has more accounts than `most`."""
    counted = connection.execute(
        sql.SQL("select max(n) from (select count(*) as n from {} group by snapshot_date) as days").format(
            sql.Identifier(schema, FEATURES_TABLE)
        )
    ).fetchone()
    largest = int(counted[0] or 0) if counted else 0
    return 10_000 if most is None or largest <= most else max(1, 10_000 * most // largest)


def _with_silence(connection: psycopg.Connection, schema: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Add SILENCE, by models of buying of each snapshot."""
    days = [day.date() for day in rows["snapshot_date"].unique()]
    everybody = read_histories(connection, schema=schema, days=days)
    silence = silence_of(rows, everybody, horizon_days=read_horizon_days(connection, schema))
    return rows.assign(**{SILENCE.name: silence})[[*rows.columns, SILENCE.name]]


def _columns() -> sql.Composed:
    numbers = [
        sql.SQL("cast(features.{0} as double precision) as {0}").format(sql.Identifier(name))
        for name in NUMERIC_NAMES
        if name in TABLE_NAMES
    ]
    words = [sql.SQL("features.{0}").format(sql.Identifier(name)) for name in CATEGORICAL_NAMES]
    return sql.SQL(", ").join([*numbers, *words])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name in NUMERIC_NAMES:
        if name in TABLE_NAMES:
            frame[name] = frame[name].astype("float64")
    for name in CATEGORICAL_NAMES:
        # an account of no known industry is a group of its own, and plain text survives the model file
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    for name in ("snapshot_date", "closes_on"):
        if name in frame.columns:
            frame[name] = pd.to_datetime(frame[name])
    if "is_churned" in frame.columns:
        frame["is_churned"] = frame["is_churned"].astype(bool)
    return frame
