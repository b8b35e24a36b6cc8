"""Scores: the champion's word on every eligible account of a night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from psycopg import sql

from ml.catalogue import NUMERIC_NAMES, TABLE_NAMES
from ml.drift import Drift
from ml.drift_table import drift_lines, measure_drift, write_drift
from ml.explain import add_changes, explain_model, explain_rule
from ml.fallback import choose_scorer
from ml.features import FEATURES_TABLE, read_scoring_rows
from ml.model import churn_probability
from ml.policy import Bands, is_by_contracts, read_bands, read_model_days_maximum
from ml.registry import Champion, find_entry, register
from ml.rules import assumed_rule
from warehouse.build_table import write_table
from warehouse.errors import Problem
from warehouse.frames import read_frame

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from warehouse.night import Claim

TABLE = "fct_churn_scores"
CHANGE_DAYS = 90
"""A reason's change is against the newest snapshot that is at least so old."""


class NobodyToScoreError(Problem):
    """No account of the night is eligible for a score."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a night knows of its accounts besides their features: `earlier`, the numeric features of CHANGE_DAYS ago,
    and `margins`, with margin_365d_amount; an account at most once in each, or not at all."""

    earlier: pd.DataFrame
    margins: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What was scored, by what, how many accounts fell in each band (bands ascending by risk), and how far they all
    are from those of before."""

    rows_count: int
    method_code: str
    model_id: str
    band_counts: dict[str, int]
    expected_loss_amount: float
    drifts: tuple[Drift, ...]
    notes: tuple[str, ...]
    """Why it was not the champion; nothing when it was."""

    def lines(self) -> list[str]:
        """Return the report for a person, a line each."""
        who = f"model {self.model_id}" if self.method_code == "model" else f"the {self.method_code} rule"
        bands = ", ".join(f"{count:,} {band}" for band, count in reversed(self.band_counts.items()))
        fell_back = [f"fell back: {note}" for note in self.notes]
        return [*fell_back, f"scored {self.rows_count:,} accounts by {who}: {bands}", *drift_lines(self.drifts)]


def score(
    connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date, models_folder: Path
) -> ScoreReport:
    """Make fct_churn_scores and fct_churn_drift in the build schema anew, in one fenced transaction.

    `connection` is the scorer's, outside a transaction. Where the champion cannot score, a fixed order says who does
    (ml/fallback.py). Raises NoChampionError, FeatureColumnsError, PolicyGapError, NobodyToScoreError and FencedError;
    nothing was written then.
    """
    with connection.transaction():
        chosen = choose_scorer(
            connection,
            as_of=as_of,
            models_folder=models_folder,
            model_days_maximum=read_model_days_maximum(connection, schema),
            assumed=assumed_rule(is_by_contracts=is_by_contracts(connection, schema)),
        )
        bands = read_bands(connection, schema)
        rows = read_scoring_rows(connection, schema=schema, as_of=as_of)
        beside = read_beside(connection, schema, as_of)
    if rows.empty:
        raise NobodyToScoreError(
            f"{schema}.fct_churn_features at {as_of}",
            seen="no eligible account",
            expected="at least one account with an order day in the active window, or under contract",
            next_step="check that the newest orders have arrived (guanxi status), or that --as-of is right",
        )
    champion = chosen.champion
    scored = score_rows(champion, rows, bands, beside)
    model_id, probability = champion.entry.model_id, scored["churn_probability"].to_numpy(dtype=np.float64)
    with connection.transaction():
        claim.assert_held(connection)
        if find_entry(connection, model_id) is None:  # assumed odds, which no training registered
            register(connection, champion.entry)
        write_table(connection, schema, TABLE, scored, key="account_id")
        metrics = champion.entry.metrics
        drifts = measure_drift(connection, metrics=metrics, rows=rows, probability=probability, as_of=as_of)
        write_drift(connection, schema=schema, drifts=drifts, model_id=model_id, as_of=as_of)
    counts = scored["band_code"].value_counts()
    return ScoreReport(
        rows_count=len(scored),
        method_code=champion.method_code,
        model_id=model_id,
        band_counts={code: int(counts.get(code, 0)) for code in bands.codes},
        expected_loss_amount=float(scored["expected_loss_amount"].sum()),
        drifts=tuple(drifts),
        notes=chosen.notes,
    )


def score_rows(champion: Champion, rows: pd.DataFrame, bands: Bands, beside: Beside) -> pd.DataFrame:
    """Return the columns of fct_churn_scores for rows of one snapshot; each row only depends on itself and, for
    percentile, reasons and coverage, on its place among the others."""
    import pandas as pd

    if champion.pipeline is None:
        fitted = champion.entry.calibrated_rule()
        ranked, probability = fitted.score(rows), fitted.probability(rows)
        reasons = explain_rule(fitted.rule, rows)
    else:
        ranked = probability = churn_probability(champion.pipeline, rows)
        reasons = explain_model(champion.pipeline, rows)
    revenue = revenue_of(rows)
    margin = rows[["account_id"]].merge(beside.margins, on="account_id", how="left", validate="m:1")
    own = pd.DataFrame(
        {
            "account_id": rows["account_id"],
            "method_code": champion.method_code,
            "model_id": champion.entry.model_id,
            "churn_probability": probability,
            "churn_percentile": _mid_rank(ranked),
            "band_code": bands.of(probability),
            "expected_loss_amount": np.round(probability * np.maximum(0.0, np.nan_to_num(revenue)), 2),
            "net_revenue_365d_amount": np.round(revenue, 4),
            # what is not known stays null: a customer whose margin nobody knows is not one without margin
            "margin_at_risk_amount": np.round(margin["margin_365d_amount"].to_numpy(dtype=np.float64), 4),
            "feature_coverage_rate": _coverage(rows),
            "as_of_date": rows["snapshot_date"].dt.date,
        },
        index=rows.index,
    )
    return pd.concat([own, add_changes(reasons, rows, beside.earlier)], axis=1)


def revenue_of(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return what each account brings a year: its orders of the last 365 days, or, of a customer under contract who
    ordered nothing, twelve months of its contracts. NaN where neither is known."""
    ordered = rows["net_revenue_365d_amount"].to_numpy(dtype=np.float64)
    contracted = 12 * rows["mrr_amount"].to_numpy(dtype=np.float64)
    instead = ~np.isnan(contracted) & ~(ordered > 0)
    result: npt.NDArray[np.float64] = np.where(instead, contracted, ordered)
    return result


def read_beside(connection: psycopg.Connection, schema: str, as_of: date) -> Beside:
    """Return what the build schema knows of the accounts besides their features of the day."""
    columns = sql.SQL(", ").join(
        sql.SQL("cast({0} as double precision) as {0}").format(sql.Identifier(name))
        for name in NUMERIC_NAMES
        if name in TABLE_NAMES
    )
    earlier = sql.SQL(
        "select account_id, {columns} from {features} where snapshot_date ="
        " (select max(snapshot_date) from {features} where snapshot_date <= %s)"
    ).format(columns=columns, features=sql.Identifier(schema, FEATURES_TABLE))
    margins = sql.SQL("select account_id, cast(margin_365d_amount as double precision) as margin_365d_amount from {}")
    return Beside(
        earlier=read_frame(connection, earlier, (as_of - timedelta(days=CHANGE_DAYS),)),
        margins=read_frame(connection, margins.format(sql.Identifier(schema, "fct_account_value"))),
    )


def _coverage(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return which share of the numeric features is known of each account, of those that are known of anybody."""
    known = rows[list(NUMERIC_NAMES)].notna().to_numpy()
    result: npt.NDArray[np.float64] = known[:, known.any(axis=0)].mean(axis=1)
    return result


def _mid_rank(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each value's percentile, 0 to 1; equal values share the middle of their places."""
    from scipy.stats import rankdata

    ranks: npt.NDArray[np.float64] = rankdata(values, method="average")
    return (ranks - 0.5) / len(values)
