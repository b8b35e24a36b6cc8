"""What came of the scores: what was published, month by month, against what happened after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

from ml.evaluate import expected_hits, share_limits, top_decile_lift
from ml.policy import read_capacity, read_parameters
from warehouse.build_table import columns_of, write_table
from warehouse.frames import read_frame

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from warehouse.night import Claim

TABLE = "fct_churn_outcomes"
DERIVABLE = "fixed_window"
"""The one definition of churn that any day can be judged by, from order days alone; of the others there are labels."""
GROUPS = {
    "all": None,
    "band": "band_code",
    "account_manager": "account_manager_id",
    "industry": "industry",
    "size_band": "size_band",
    "region": "region",
    "play": "play_code",
}
"""The kinds of groups, and by which column of the accounts they are made; of `play` those with something to do."""
_PARAMETERS = (
    "horizon_days", "lead_days", "snapshot_months_count", "confidence_z", "outcomes_accounts_minimum", "list_capacity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What could be said of the scores of the past.

    `days` were judged, `closed_count` could have been; `left_out_count` are accounts scored on those days of whom
    nothing can be said, as they are one with another by now. `first_closes_on` is None when nothing was scored yet.
    """

    rows_count: int
    days: tuple[date, ...]
    closed_count: int
    left_out_count: int
    first_closes_on: date | None

    def lines(self) -> list[str]:
        """Return the report for a person, a line each."""
        if self.first_closes_on is None:
            return ["no score has an outcome yet: none has been published before"]
        if not self.closed_count:
            return [f"no score has an outcome yet: the first horizon closes on {self.first_closes_on}"]
        told = []
        if self.days:
            months = "1 month" if len(self.days) == 1 else f"{len(self.days)} months"
            told.append(f"outcomes of scores are known of {months}, up to those of {self.days[-1]}")
        if unlabelled := self.closed_count - len(self.days):
            told.append(
                f"months of scores that have closed and are not judged, as no label tells of their day: {unlabelled}"
            )
        if self.left_out_count:
            told.append(f"{self.left_out_count:,} scored accounts have no outcome: they are one with others by now")
        return told


def build_outcomes(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date) -> OutcomeReport:
    """Make fct_churn_outcomes in the build schema anew, in one fenced transaction; empty while no horizon has closed.

    Of each month its last published day counts, once the day's horizon has closed by `as_of`. `connection` is the
    scorer's, outside a transaction. Raises PolicyGapError and FencedError; the schema is as before then.
    """
    rows: list[dict[str, Any]] = []
    judged: list[date] = []
    left_out = 0
    with connection.transaction():
        policy = read_parameters(connection, schema, _PARAMETERS)
        lead, wait = (timedelta(days=int(policy[name])) for name in ("lead_days", "horizon_days"))
        first, days = _scored_days(connection, as_of, lead + wait, months=int(policy["snapshot_months_count"]))
        capacities = _capacities(connection, schema)
        for day in days:
            outcomes = _read_outcomes(connection, schema, day, opens_after=day + lead, closes_on=day + lead + wait)
            if outcomes is None:
                continue
            known = outcomes[outcomes["is_churned"].notna()]
            judged.append(day)
            left_out += len(outcomes) - len(known)
            rows += measure_groups(known, capacities=capacities, policy=policy)
    frame = _frame(rows, closes_in=lead + wait, as_of=as_of)
    with connection.transaction():
        claim.assert_held(connection)
        write_table(connection, schema, TABLE, frame, key="outcome_key")
    return OutcomeReport(len(rows), tuple(judged), len(days), left_out, first and first + lead + wait)


def measure_groups(
    known: pd.DataFrame, *, capacities: dict[str | None, int], policy: dict[str, float]
) -> list[dict[str, Any]]:
    """Return a row a group of the accounts of one day whose outcome is known.

    `capacities` are accounts that a manager can call in a day, by id, the key None for all of them together; a manager
    who is not in it can call as many as the policy says.
    """
    if known.empty:
        return []
    first = known.iloc[0]  # a night is scored by one model
    keys = {"scored_date": first["as_of_date"], "method_code": first["method_code"], "model_id": first["model_id"]}
    rows = []
    for kind, column in GROUPS.items():
        for name, group in [(None, known)] if column is None else _parted(known, column):
            if kind == "play" and name is None:
                continue  # nobody was asked to do anything
            capacity = None
            if kind == "all":
                capacity = capacities[None]
            elif kind == "account_manager" and name is not None:
                capacity = capacities.get(name, int(policy["list_capacity"]))
            rows.append(keys | {"group_kind": kind, "group_code": name} | _measure(group, capacity, policy))
    return rows


def _parted(known: pd.DataFrame, column: str) -> list[tuple[str | None, pd.DataFrame]]:
    """Part the accounts by a column, in order; those of whom it says nothing are the group None."""
    words = known[column].astype(object)
    words = words.where(words.notna(), "")
    return [(str(word) or None, group) for word, group in known.groupby(words, sort=True)]


def _measure(group: pd.DataFrame, capacity: int | None, policy: dict[str, float]) -> dict[str, Any]:
    churned = group["is_churned"].to_numpy(dtype=bool)
    probability = group["churn_probability"].to_numpy(dtype=np.float64)
    place = group["churn_percentile"].to_numpy(dtype=np.float64)
    count, hits = len(churned), int(churned.sum())
    low, high = share_limits(hits, count, policy["confidence_z"])
    top = None if capacity is None else min(capacity, count)
    return {
        "accounts_count": count,
        "churned_count": hits,
        "predicted_rate": float(probability.mean()),
        "realised_rate": hits / count,
        "realised_low_rate": low,
        "realised_high_rate": high,
        "calibration_error_rate": float(probability.mean()) - hits / count,
        "brier_score": float(np.mean((probability - churned) ** 2)),
        "top_decile_lift": top_decile_lift(churned, place) if hits else None,
        "capacity_count": capacity,
        "precision_at_capacity_rate": expected_hits(churned, place, top) / top if top else None,
        "is_enough": count >= policy["outcomes_accounts_minimum"],
    }


def _frame(rows: list[dict[str, Any]], *, closes_in: timedelta, as_of: date) -> pd.DataFrame:
    import pandas as pd

    columns = [name for name, _ in columns_of(TABLE)]
    whole = [
        row
        | {
            "outcome_key": f"{row['scored_date']}|{row['model_id']}|{row['group_kind']}|{row['group_code'] or ''}",
            "month_date": row["scored_date"].replace(day=1),
            "closes_on": row["scored_date"] + closes_in,
            "as_of_date": as_of,
        }
        for row in rows
    ]
    return pd.DataFrame(whole, columns=columns, dtype=object)


def _scored_days(
    connection: psycopg.Connection, as_of: date, wait: timedelta, *, months: int
) -> tuple[date | None, list[date]]:
    """Return the first day that was ever published, and the last one of each month, of those that have closed."""
    days = [
        day
        for (day,) in connection.execute(
            "select max(as_of) from ops.score_publications where as_of < %s and rows_count > 0"
            " group by date_trunc('month', as_of) order by 1",
            (as_of,),
        )
    ]
    return (days[0] if days else None), [day for day in days if day + wait <= as_of][-months:]


def _capacities(connection: psycopg.Connection, schema: str) -> dict[str | None, int]:
    query = "select account_manager_id, list_capacity from {} where list_capacity is not null"
    managers = connection.execute(sql.SQL(query).format(sql.Identifier(schema, "dim_account_managers"))).fetchall()
    return {str(name): int(most) for name, most in managers} | {None: read_capacity(connection, schema)}


def _read_outcomes(
    connection: psycopg.Connection, schema: str, day: date, *, opens_after: date, closes_on: date
) -> pd.DataFrame | None:
    """Return who was scored on a day, with the account's groups of that day, and is_churned as known tonight.

    By the labels when they tell of the day, else by the same order days. is_churned is None where nothing can be said.
    None when the day has no labels and churn is defined in another way than by order days alone.
    """
    tables = {
        name: sql.Identifier(schema, table)
        for name, table in {
            "labels": "fct_churn_labels",
            "kinds": "int_churn_kinds_chosen",
            "accounts": "dim_accounts",
            "history": "dim_account_history",
            "order_days": "int_account_days_known",
        }.items()
    }
    row = connection.execute(
        sql.SQL(
            "select exists (select 1 from {labels} where is_scored and snapshot_date = %s),"
            " exists (select 1 from {kinds} where is_scored and churn_kind = %s)"
        ).format(**tables),
        (day, DERIVABLE),
    ).fetchone()
    is_labelled, is_derivable = row or (False, False)
    if not is_labelled and not is_derivable:
        return None
    verdict = {"is_churned": _VERDICTS[is_labelled][0], "joined": _VERDICTS[is_labelled][1].format(**tables)}
    values = {"day": day, "after": opens_after, "until": closes_on}
    return read_frame(connection, _OUTCOMES.format(**tables, **verdict), values)


_OUTCOMES = sql.SQL(
    "select scores.account_id, scores.method_code, scores.model_id, scores.churn_probability,"
    " scores.churn_percentile, scores.band_code, scores.play_code, history.account_manager_id, history.industry,"
    " history.size_band, history.region, scores.as_of_date, {is_churned} as is_churned"
    " from bi.fct_churn_score_history as scores {joined}"
    " left join {history} as history on scores.account_id = history.account_id"
    " and history.valid_from_date <= %(day)s and coalesce(history.valid_to_date, %(day)s) >= %(day)s"
    ' where scores.as_of_date = %(day)s order by scores.account_id collate "C"'
)
_VERDICTS = {
    True: (
        sql.SQL("labels.is_churned"),
        sql.SQL(
            "left join {labels} as labels on scores.account_id = labels.account_id"
            " and labels.is_scored and labels.snapshot_date = %(day)s"
        ),
    ),
    False: (
        sql.SQL("case when accounts.account_id is not null then buyers.account_id is null end"),
        sql.SQL(
            "left join {accounts} as accounts on scores.account_id = accounts.account_id"
            " and accounts.merged_into_account_id is null"
            " left join (select distinct days.account_id from {order_days} as days"
            " where days.is_latest and days.is_order_day"
            " and days.order_date > %(after)s and days.order_date <= %(until)s) as buyers"
            " on scores.account_id = buyers.account_id"
        ),
    ),
}
"""How an outcome is told, and from what: by labels, or by order days."""
