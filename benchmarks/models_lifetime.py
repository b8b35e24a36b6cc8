"""The three ways to foresee what customers will bring, beside each other on each horizon that has closed."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from ml.lifetime.build import read_past
from ml.lifetime.grading import Grading
from ml.lifetime.rows import MAX_ACCOUNTS


def grade_lifetime(
    console: Console, company: str, connection: psycopg.Connection, *, schema: str, as_of: date
) -> dict[str, Any]:
    """Print a table a horizon and return the figures; a horizon with too little to grade is named."""
    with connection.transaction():
        past = read_past(connection, schema=schema, as_of=as_of)
    figures: dict[str, Any] = {"as_of": as_of.isoformat(), "accounts_at_most": MAX_ACCOUNTS, "horizons": {}}
    for months, grading in past.graded().items():
        if grading is None:
            console.print(f"{company}, {months} months: too few brought anything to grade by", highlight=False)
            continue
        console.print(_table(company, grading))
        console.print(_verdict(grading), highlight=False)
        figures["horizons"][months] = grading.as_dict()
    if not figures["horizons"]:
        console.print(f"{company}: no horizon has been graded", highlight=False)
    return figures


def _table(company: str, grading: Grading) -> Table:
    days = f"{grading.days[0]} to {grading.days[-1]}"
    table = Table("way", title=f"{company}: lifetime value of {grading.months} months, {days}", title_justify="left")
    for name in ("recall of high value", "revenue in the top fifth", "mean error", "sum told / came", "Spearman"):
        table.add_column(name, justify="right")
    for way, each in grading.measures.items():
        table.add_row(
            way, f"{each.recall:.1%}", f"{each.revenue_share:.1%}", f"{each.mae:,.0f}", f"{each.bias:.2f}",
            f"{each.spearman:.3f}",
        )  # fmt: skip
    return table


def _verdict(grading: Grading) -> str:
    untried = "" if grading.lack is None else f"; two_part not tried: {grading.lack}"
    if grading.difference is None:
        return f"told by {grading.best()}{untried}"
    gain = f"{grading.difference.value:+.3f} ({grading.difference.low:+.3f} to {grading.difference.high:+.3f})"
    return f"told by {grading.best()}: recall of {grading.challenger} over the formula {gain}{untried}"
