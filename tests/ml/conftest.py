"""Rows with a known signal, a model fitted on them, and a night whose marts hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import psycopg
import pytest
import sklearn
from psycopg import sql

from ml.catalogue import CATEGORICAL_NAMES, FEATURE_NAMES, NUMERIC_NAMES, SILENCE, TABLE_NAMES
from ml.fallback import choose_scorer
from ml.model import fit_model
from ml.model_file import save_model
from ml.registry import Champion, Entry, crown, register
from ml.rules import ASSUMED
from tests.ml.world import AS_OF, make_rows
from warehouse.database import Role, Warehouse
from warehouse.frames import write_frame
from warehouse.ledger import open_night, stage
from warehouse.night import Claim

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SCHEMA = "build_1_1"


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return make_rows()


@pytest.fixture(scope="session")
def pipeline(rows: pd.DataFrame) -> Pipeline:
    return fit_model(rows)


@dataclass(slots=True)
class Marts:
    """The part of a build schema that ml/ reads, and the claim of the stage that may write to it."""

    warehouse: Warehouse
    scorer: psycopg.Connection
    claim: Claim
    models: Path
    schema: str = SCHEMA
    as_of: date = AS_OF

    def fill(self, history: pd.DataFrame, current: pd.DataFrame) -> None:
        """Put labelled `history` and the `current` snapshot of as_of into the marts."""
        current = current.assign(snapshot_date=pd.Timestamp(self.as_of))
        features = pd.concat([history, current], ignore_index=True)
        features["is_eligible"] = True
        features["is_current"] = features["snapshot_date"] == pd.Timestamp(self.as_of)
        features["as_of_date"] = self.as_of
        labels = history[["account_id", "snapshot_date", "is_churned", "closes_on"]].assign(
            is_scored=True, as_of_date=self.as_of
        )
        with self.warehouse.connect(Role.TRANSFORMER) as connection:
            for table, frame in (("fct_churn_features", features), ("fct_churn_labels", labels)):
                connection.execute(sql.SQL("truncate {}").format(sql.Identifier(self.schema, table)))
                made = ["is_churned", "closes_on", SILENCE.name]
                unlabelled = frame.drop(columns=made) if table == "fct_churn_features" else frame
                write_frame(connection, self.schema, table, unlabelled)

    def install(self, pipeline: Pipeline) -> Entry:
        """Register a fitted pipeline as the champion of as_of, as a training that beat the rules does."""
        entry = Entry(
            model_id=f"churn-{self.as_of}-installed",
            kind="model",
            as_of=self.as_of,
            file_sha256=save_model(self.models, f"churn-{self.as_of}-installed", pipeline, {}),
            features=list(FEATURE_NAMES),
            sklearn_version=sklearn.__version__,
            rule=None,
            rule_slope=None,
            rule_intercept=None,
            metrics={},
            best_rule="frequency",
            beats_rule=True,
            grade="A",
            note="",
        )
        with self.scorer.transaction():
            register(self.scorer, entry)
            crown(self.scorer, entry.model_id)
        return entry

    def champion(self, day: date = AS_OF) -> Champion:
        """Return who would score a night of `day`."""
        with self.scorer.transaction():
            return choose_scorer(
                self.scorer, as_of=day, models_folder=self.models, model_days_maximum=200, assumed=ASSUMED
            ).champion

    def scores(self) -> pd.DataFrame:
        """Return fct_churn_scores as the gates and the publication will read it."""
        with self.warehouse.connect(Role.CHECKER) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("select * from {} order by account_id").format(sql.Identifier(self.schema, "fct_churn_scores"))
            )
            names = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=names)


@pytest.fixture
def marts(warehouse: Warehouse, tmp_path: Path) -> Iterator[Marts]:
    night = open_night(
        warehouse,
        run_id="night",
        as_of=AS_OF,
        timezone="Europe/Berlin",
        company_id="tiny",
        runs_folder=tmp_path / "runs",
    )
    with warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(_DDL)
    with stage(warehouse, night, "score") as claim, warehouse.connect(Role.SCORER) as scorer:
        yield Marts(warehouse, scorer, claim, tmp_path / "models")


_NUMBERS = ", ".join(f"{name} numeric" for name in NUMERIC_NAMES if name in TABLE_NAMES)
_WORDS = ", ".join(f"{name} text" for name in CATEGORICAL_NAMES)
_DDL = sql.SQL(
    f"""
    create schema {SCHEMA};
    grant usage, create on schema {SCHEMA} to guanxi_scorer;
    grant usage on schema {SCHEMA} to guanxi_checker;
    create table {SCHEMA}.fct_churn_features (
        account_id text, snapshot_date date, is_eligible boolean, is_current boolean, as_of_date date,
        {_NUMBERS}, {_WORDS}
    );
    create table {SCHEMA}.fct_churn_labels (
        account_id text, is_scored boolean, is_churned boolean, closes_on date, snapshot_date date, as_of_date date
    );
    create table {SCHEMA}.fct_account_value (account_id text, margin_365d_amount numeric);
    create table {SCHEMA}.policy_churn_bands (band_code text, probability_from numeric);
    insert into {SCHEMA}.policy_churn_bands values ('low', 0), ('medium', 0.3), ('high', 0.6);
    create table {SCHEMA}.policy_parameters (parameter text, value text);
    insert into {SCHEMA}.policy_parameters values ('list_capacity', '20'), ('horizon_days', '90'),
        ('model_days_maximum', '200');
    create table {SCHEMA}.policy_drift_kinds (
        drift_kind text, name_en text, name_zh text, text_en text, text_zh text
    );
    insert into {SCHEMA}.policy_drift_kinds values
    ('psi', 'P', '布', '{{feature}} {{value}} {{limit}}', '{{feature}}：{{value}}'),
    ('missing', 'M', '缺', '{{feature}} {{value}} {{limit}}', '{{feature}}：{{value}}'),
    ('volume', 'V', '量', '{{value}} {{limit}}', '{{value}}');
    create table {SCHEMA}.dim_account_managers (account_manager_id text, is_active boolean, list_capacity integer);
    insert into {SCHEMA}.dim_account_managers values ('a', true, 5), ('b', true, null), ('c', false, 100);
    grant select on all tables in schema {SCHEMA} to guanxi_scorer, guanxi_checker;
    """
)
