"""fct_churn_drift: the night's drift in words, and what of it a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from ml.drift import REFERENCE, SCORE, Drift, compare, volume
from warehouse.build_table import columns_of, write_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

TABLE = "fct_churn_drift"
_NAMED = 5


def measure_drift(
    connection: psycopg.Connection,
    *,
    metrics: dict[str, Any],
    rows: pd.DataFrame,
    probability: npt.NDArray[np.float64],
    as_of: date,
) -> list[Drift]:
    """Return all comparisons of tonight's accounts with those that the champion, whose `metrics` these are, learned
    from, and with the newest scores published for an earlier day."""
    drifts = compare(metrics[REFERENCE], rows, probability) if REFERENCE in metrics else []
    row = connection.execute(
        "select rows_count from ops.score_publications where as_of < %s and rows_count > 0"
        " order by as_of desc, gen desc, attempt desc limit 1",
        (as_of,),
    ).fetchone()
    return [*drifts, volume(row[0], len(rows))] if row else drifts


def write_drift(
    connection: psycopg.Connection, *, schema: str, drifts: Sequence[Drift], model_id: str, as_of: date
) -> None:
    """Make fct_churn_drift in the build schema anew; within the caller's transaction."""
    import pandas as pd

    with connection.cursor(row_factory=dict_row) as cursor:
        query = sql.SQL("select * from {}").format(sql.Identifier(schema, "policy_drift_kinds"))
        kinds = {row["drift_kind"]: row for row in cursor.execute(query)}
    columns = [name for name, _ in columns_of(TABLE)]
    told = [_row(each, kinds[each.kind]) | {"model_id": model_id, "as_of_date": as_of} for each in drifts]
    write_table(connection, schema, TABLE, pd.DataFrame(told, columns=columns, dtype=object), key="drift_key")


def drift_lines(drifts: Sequence[Drift]) -> list[str]:
    """Return what a person is told of a night's drift, a line each; nothing of a night without any.

    A company that grows older drifts in its tenure and in all that is counted since the first order: of features
    the table tells, and this only when the scores drift as well.
    """
    found = [each for each in drifts if each.is_drifting]
    lines = []
    if volumes := [each for each in found if each.kind == "volume"]:
        before, now = volumes[0].before_count, volumes[0].now_count
        lines.append(f"drift: {now:,} accounts are scored, {before:,} were before")
    if any(each.feature == SCORE for each in found):
        names = list(dict.fromkeys(each.feature for each in found if each.feature not in {SCORE, "accounts"}))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        features = f"; so do {', '.join(names[:_NAMED])}{more}" if names else "; no feature does"
        lines.append(f"drift: the scores differ from those where the model learned by more than chance{features}")
    return lines


def _row(drift: Drift, kind: dict[str, Any]) -> dict[str, Any]:
    form = "{:.3f}" if drift.kind == "psi" else "{:.1%}"
    shown = {"feature": drift.feature, "value": form.format(drift.value), "limit": form.format(drift.limit)}
    return {
        "drift_key": f"{drift.kind}|{drift.feature}",
        "drift_kind": drift.kind,
        "drift_name_en": kind["name_en"],
        "drift_name_zh": kind["name_zh"],
        "feature_code": drift.feature,
        "drift_value": drift.value,
        "limit_value": drift.limit,
        "is_drifting": drift.is_drifting,
        "before_accounts_count": drift.before_count,
        "accounts_count": drift.now_count,
        "bins_count": drift.bins_count,
        "text_en": kind["text_en"].format(**shown),
        "text_zh": kind["text_zh"].format(**shown),
    }
