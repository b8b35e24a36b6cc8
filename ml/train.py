"""Training: test out of time against the rules, refit on all that is known, register what came out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.catalogue import FEATURE_NAMES, NUMERIC_NAMES
from ml.compare import MODEL, Comparison, compare_on, hold_out_latest
from ml.drift import REFERENCE, reference_of
from ml.features import read_training_rows
from ml.grades.sufficiency import Sufficiency, judge_sufficiency
from ml.leaks import LIMIT, refuse_leaks
from ml.model import churn_probability, fit_model, fit_parameters, used_features
from ml.model_file import save_model
from ml.policy import is_by_contracts, read_capacity
from ml.registry import Entry, crown, find_entry, is_loadable, load_incumbent, lock_registry, register, tested_champion
from ml.rules import CalibratedRule, assumed_rule, fallback_rule, fit_rule
from ml.split import label_gap

if TYPE_CHECKING:
    import pandas as pd
    import psycopg
    from sklearn.pipeline import Pipeline

    from warehouse.night import Claim


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training came to.

    `model_id` is None when there was too little to learn from; `comparison` is None then too. `champion_kind` is
    'model' or the name of a rule, and says what the next night is scored with.
    """

    model_id: str | None
    champion_id: str
    champion_kind: str
    note: str
    rows_count: int
    churned_count: int
    comparison: Comparison | None
    sufficiency: Sufficiency

    def lines(self) -> list[str]:
        """Return the report for a person, a line each: first what there was to learn from, and whether it suffices."""
        first = f"learned from {self.rows_count:,} account snapshots, {self.churned_count:,} of which churned"
        tested = [] if self.comparison is None else self.comparison.lines()
        return [*self.sufficiency.lines(), first, *tested, self.note]


def train(
    connection: psycopg.Connection,
    *,
    schema: str,
    as_of: date,
    models_folder: Path,
    claim: Claim | None = None,
    leak_limit: float = LIMIT,
) -> TrainingReport:
    """Train on the labels known by `as_of` and decide whether the model or the best rule makes the lists.

    `connection` is the scorer's, outside a transaction; `schema` is a build schema. The same rows give the same
    model under the same id, which is reused while its file verifies. Within a night give its `claim`. Raises
    FeatureColumnsError, LeakSuspectedError, PolicyGapError, FencedError.
    """
    rows = read_training_rows(connection, schema=schema, as_of=as_of)
    capacity = read_capacity(connection, schema)
    assumed = assumed_rule(is_by_contracts=is_by_contracts(connection, schema))
    connection.commit()
    enough = judge_sufficiency(rows)
    fingerprint = fingerprint_rows(rows)
    parts = hold_out_latest(rows) if enough.lack is None else None
    if parts is None:
        note = f"the {assumed.rule} rule makes the lists, untested: {enough.lack}"
        rule = _rule_entry(fallback_rule(rows, assumed), rows, as_of, fingerprint, None, note)
        with connection.transaction():
            _enter(connection, claim)
            register(connection, rule)
            # a rule nobody tested does not push out a champion that was
            tested = tested_champion(connection, as_of=as_of)
            if tested is None:
                crown(connection, rule.model_id)
        return _report(rows, enough, None, tested or rule, None)
    refuse_leaks(rows, limit=leak_limit)
    learned, tested_on = parts
    first_tested = tested_on["snapshot_date"].min().date()
    incumbent = load_incumbent(connection, day=first_tested, models_folder=models_folder)
    connection.commit()
    comparison = compare_on(learned, tested_on, capacity=capacity, incumbent=incumbent)
    model = _model_entry(as_of, fingerprint, comparison)
    stand_in = _rule_entry(
        fit_rule(comparison.best_rule, rows), rows, as_of, fingerprint, comparison, comparison.verdict()
    )
    with connection.transaction():
        verified = _verified(connection, model.model_id, models_folder)
    pipeline = None if verified else fit_model(rows)
    if pipeline is not None:
        model.metrics[REFERENCE] = reference_of(rows, churn_probability(pipeline, rows))
    with connection.transaction():
        _enter(connection, claim)
        if pipeline is not None and not _verified(connection, model.model_id, models_folder):
            digest = save_model(models_folder, model.model_id, pipeline, _card(model, rows, pipeline))
            register(connection, replace(model, file_sha256=digest))
        register(connection, stand_in)  # what scores when the model's file is gone (ml/registry.py)
        champion = _chosen(connection, comparison, model, stand_in)
        crown(connection, champion.model_id)
    return _report(rows, enough, model.model_id, champion, comparison)


def fingerprint_rows(rows: pd.DataFrame) -> str:
    """Return a hash of all that decides what is learned: rows, parameters, and the library that fits."""
    import pandas as pd

    digest = hashlib.sha256()
    words = {**fit_parameters(), "sklearn": _sklearn_version()}
    digest.update(json.dumps(words, sort_keys=True).encode())
    columns = ["account_id", "snapshot_date", "closes_on", "is_churned", *FEATURE_NAMES]
    digest.update(pd.util.hash_pandas_object(rows[columns], index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _chosen(connection: psycopg.Connection, comparison: Comparison, model: Entry, stand_in: Entry) -> Entry:
    """The model if it is released; else the rule, unless only the incumbent kept it back: then who was champion is."""
    if comparison.is_released:
        return model
    if not comparison.beats_rule:
        return stand_in
    return tested_champion(connection, as_of=model.as_of) or stand_in


def _enter(connection: psycopg.Connection, claim: Claim | None) -> None:
    if claim is not None:
        claim.assert_held(connection)
    lock_registry(connection)


def _verified(connection: psycopg.Connection, model_id: str, models_folder: Path) -> bool:
    entry = find_entry(connection, model_id)
    return entry is not None and is_loadable(entry, models_folder)


def _model_entry(as_of: date, fingerprint: str, comparison: Comparison) -> Entry:
    return Entry(
        model_id=f"churn-{as_of}-{fingerprint[:10]}",
        kind="model",
        as_of=as_of,
        file_sha256=None,
        features=list(FEATURE_NAMES),
        sklearn_version=_sklearn_version(),
        rule=None,
        rule_slope=None,
        rule_intercept=None,
        metrics=comparison.as_dict(),
        best_rule=comparison.best_rule.value,
        beats_rule=comparison.beats_rule,
        grade=comparison.grade.value,
        note=comparison.verdict(),
    )


def _rule_entry(
    fitted: CalibratedRule, rows: pd.DataFrame, as_of: date, fingerprint: str, comparison: Comparison | None, note: str
) -> Entry:
    return Entry(
        model_id=f"{fitted.rule}-{as_of}-{fingerprint[:10]}",
        kind="rule",
        as_of=as_of,
        file_sha256=None,
        features=[fitted.rule.feature],
        sklearn_version=_sklearn_version(),
        rule=fitted.rule.value,
        rule_slope=fitted.slope,
        rule_intercept=fitted.intercept,
        metrics=({} if comparison is None else comparison.as_dict())
        | {REFERENCE: reference_of(rows, fitted.probability(rows))},
        best_rule=None if comparison is None else comparison.best_rule.value,
        beats_rule=None if comparison is None else False,
        grade=None if comparison is None else comparison.grade.value,
        note=note,
    )


def _card(model: Entry, rows: pd.DataFrame, pipeline: Pipeline) -> dict[str, Any]:
    """Return what a person must know of a model file, without its data."""
    import numpy as np
    import skops

    return {
        "model_id": model.model_id,
        "as_of": model.as_of.isoformat(),
        "predicts": "churn, as the labels that are scored define it, of accounts eligible at the snapshot",
        "label_days": label_gap(rows).days,
        "snapshots": [str(day.date()) for day in sorted(rows["snapshot_date"].unique())],
        "rows": len(rows),
        "churned": int(rows["is_churned"].sum()),
        "features": {name: "number" if name in NUMERIC_NAMES else "category" for name in model.features},
        "used_features": used_features(pipeline),
        "parameters": fit_parameters(),
        "metrics": model.metrics,
        "verdict": model.note,
        "versions": {"scikit-learn": model.sklearn_version, "numpy": np.__version__, "skops": skops.__version__},
    }


def _report(
    rows: pd.DataFrame, enough: Sufficiency, model_id: str | None, champion: Entry, comparison: Comparison | None
) -> TrainingReport:
    return TrainingReport(
        model_id=model_id,
        champion_id=champion.model_id,
        champion_kind=champion.rule or MODEL,
        note=champion.note,
        rows_count=len(rows),
        churned_count=int(rows["is_churned"].sum()),
        comparison=comparison,
        sufficiency=enough,
    )


def _sklearn_version() -> str:
    import sklearn

    return str(sklearn.__version__)
