"""What the relationship adds to the churn model: `python -m benchmarks.relationship_lift`.

The model of the night and the same model with the components of the relationship, each month end by what was known
then, learn from the same snapshots and are judged on the same later ones. Nothing is written, and whatever comes out
is printed: the nightly model does not have these columns.
"""

from __future__ import annotations

import argparse
from datetime import date

import pandas as pd
import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from ml.features import read_training_rows
from ml.lift import Lift, lift_of
from ml.policy import read_capacity
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.frames import read_frame
from warehouse.house import opened_house
from warehouse.ledger import live_generation
from warehouse.settings import load_settings

COMPONENTS = {
    "relationship_index": -1, "key_index": -1, "general_index": -1, "organisation_index": -1, "identified_rate": 0,
    "covered_rate": -1, "supported_rate": -1, "opposers_count": 1, "champions_count": -1, "champion_silent_days": 1,
    "contact_thread_rate": 0, "manager_thread_rate": 0, "threads_count": -1, "departments_rate": -1, "breadth_rate": -1,
    "response_rate": -1,
}  # fmt: skip
"""The components with the direction in which each may move the risk; 0 leaves it to the data."""


class NoLiftError(Problem):
    """No night is live, or it has too few closed months with relationships to judge by."""


def main() -> None:
    """Print both models side by side and what the relationship adds."""
    parser = argparse.ArgumentParser(prog="benchmarks.relationship_lift", description=__doc__)
    parser.add_argument("--company", help="folder with the company.yml")
    given = parser.parse_args()
    with opened_house(load_settings(), company=given.company) as house:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = live_generation(connection)
        if live is None or live.build_schema is None:
            raise _nothing("nothing is live yet")
        schema = live.build_schema
        with house.warehouse.connect(Role.SCORER) as connection:
            rows = read_training_rows(connection, schema=schema, as_of=live.as_of)
            capacity = read_capacity(connection, schema)
        with house.warehouse.connect(Role.TRANSFORMER) as connection:
            rows = with_relationships(rows, read_relationships(connection, schema, live.as_of))
    lift = lift_of(rows, COMPONENTS, capacity=capacity)
    if lift is None:
        raise _nothing(f"{len(rows)} labelled rows with a relationship")
    console = Console(width=120)
    console.print(table_of(lift))
    console.print(lift.verdict(), highlight=False)


def read_relationships(connection: psycopg.Connection, schema: str, as_of: date) -> pd.DataFrame:
    """Return the components of every account at the month ends before the day."""
    columns = [sql.SQL("cast({0} as double precision) as {0}").format(sql.Identifier(name)) for name in COMPONENTS]
    query = sql.SQL("select account_id, snapshot_date, {} from {} where snapshot_date < %s").format(
        sql.SQL(", ").join(columns), sql.Identifier(schema, "fct_account_relationships")
    )
    frame = read_frame(connection, query, (as_of,))
    frame["snapshot_date"] = pd.to_datetime(frame["snapshot_date"])
    return frame.astype(dict.fromkeys(COMPONENTS, "float64"))


def with_relationships(rows: pd.DataFrame, relationships: pd.DataFrame) -> pd.DataFrame:
    """Return the training rows of the measured month ends with their components, in the order they came in."""
    measured = rows[rows["snapshot_date"].isin(relationships["snapshot_date"].unique())]
    return measured.merge(relationships, on=["account_id", "snapshot_date"], how="left", validate="one_to_one")


def table_of(lift: Lift) -> Table:
    """Return both models as a table, a line each."""
    table = Table(title=f"{lift.without.base_rate:.1%} of the tested snapshots churned", title_justify="left")
    table.add_column("model")
    for name in ("AUC", "average precision", "top-decile lift", "Brier", "precision at capacity"):
        table.add_column(name, justify="right")
    for name, quality in (("as it is", lift.without), ("with the relationship", lift.having)):
        table.add_row(
            name,
            f"{quality.auc:.4f}",
            f"{quality.average_precision:.4f}",
            f"{quality.top_decile_lift:.3f}",
            "" if quality.brier is None else f"{quality.brier:.4f}",
            f"{quality.precision_at_capacity:.3f}",
        )
    return table


def _nothing(seen: str) -> NoLiftError:
    return NoLiftError(
        "lift of the relationship",
        seen=seen,
        expected="a night with closed labels on several month ends with relationships",
        next_step="run a night first (guanxi nightly) of a company with a longer history",
    )


if __name__ == "__main__":
    main()
