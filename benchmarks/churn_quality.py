"""The churn model beside the four rules, out of time: `python -m benchmarks.churn_quality`.

For each cut-off, model and rules learn from the labels that were known that day, rank the accounts that were active
that day, and are judged by what those did in the horizon after it. Nothing is written.
"""

from __future__ import annotations

import argparse
from datetime import date

import pandas as pd
from rich.console import Console
from rich.table import Table

from ml.compare import Comparison, compare_on
from ml.features import read_training_rows
from ml.policy import read_capacity
from ml.split import label_gap, split_by_time
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import opened_house
from warehouse.ledger import live_generation
from warehouse.settings import load_settings

CUT_OFFS = 3


class NothingToCompareError(Problem):
    """No generation is live, or it has no closed labels to judge by."""


def main() -> None:
    """Compare on the build schema and cut-offs of the command line; by default the live one's newest three."""
    parser = argparse.ArgumentParser(prog="benchmarks.churn_quality", description=__doc__)
    parser.add_argument("cut_offs", type=date.fromisoformat, nargs="*", help="snapshot days, as 2011-08-31")
    parser.add_argument("--schema", help="build schema with fct_churn_features and fct_churn_labels")
    parser.add_argument("--company", help="folder with the company.yml")
    given = parser.parse_args()
    with opened_house(load_settings(), company=given.company) as house:
        schema = given.schema
        if schema is None:
            with house.warehouse.connect(Role.PUBLISHER) as connection:
                live = live_generation(connection)
            schema = None if live is None else live.build_schema
        if schema is None:
            raise _nothing("nothing is live yet")
        with house.warehouse.connect(Role.SCORER) as connection:
            rows = read_training_rows(connection, schema=schema, as_of=date.max)
            capacity = read_capacity(connection, schema)
    console = Console(width=120)
    for comparison in compare_at(rows, given.cut_offs or newest_cut_offs(rows), capacity=capacity):
        console.print(table_of(comparison))
        console.print(comparison.verdict() + "\n", highlight=False)


def newest_cut_offs(rows: pd.DataFrame) -> list[date]:
    """Return the newest closed snapshots that have a snapshot before them whose labels were known by then."""
    first = rows["snapshot_date"].min()
    days = sorted(day for day in rows["snapshot_date"].unique() if day - first >= pd.Timedelta(label_gap(rows)))
    if not days:
        raise _nothing(f"{len(rows)} labelled rows, none of them after labels that were known")
    return [day.date() for day in days[-CUT_OFFS:]]


def compare_at(rows: pd.DataFrame, cut_offs: list[date], *, capacity: int) -> list[Comparison]:
    """Return one comparison a cut-off; each learns only from labels known on its day."""
    gap = label_gap(rows)
    splits = (split_by_time(rows, test_from=day, test_until=day, gap=gap) for day in cut_offs)
    return [compare_on(train, test, capacity=capacity) for train, test in splits]


def table_of(comparison: Comparison) -> Table:
    """Return a comparison as a table, a line a method."""
    some = next(iter(comparison.qualities.values()))
    table = Table(
        title=f"{comparison.test_from}: {some.row_count:,} accounts, {some.base_rate:.1%} churned; "
        f"learned from {comparison.trained_count:,} earlier snapshots",
        title_justify="left",
    )
    table.add_column("method")
    for name in ("AUC", "average precision", "top-decile lift", "Brier", "Brier skill", "precision at capacity"):
        table.add_column(name, justify="right")
    for method, quality in comparison.qualities.items():
        table.add_row(
            method,
            f"{quality.auc:.4f}",
            f"{quality.average_precision:.4f}",
            f"{quality.top_decile_lift:.3f}",
            "" if quality.brier is None else f"{quality.brier:.4f}",
            "" if quality.brier_skill is None else f"{quality.brier_skill:+.3f}",
            f"{quality.precision_at_capacity:.3f}",
        )
    return table


def _nothing(seen: str) -> NothingToCompareError:
    return NothingToCompareError(
        "churn quality",
        seen=seen,
        expected="a night whose history is longer than two horizons",
        next_step="run a night first (guanxi nightly), or name a build schema with --schema",
    )


if __name__ == "__main__":
    main()
