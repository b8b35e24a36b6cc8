"""fct_account_lifetime_values: what every customer will bring, written at the score stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from ml.lifetime.days import Closed, longest
from ml.lifetime.forecast import Horizon, choose, forecast
from ml.lifetime.grading import Grading, grade_ways
from ml.lifetime.rows import read_closed, read_horizons, read_labels, read_rows
from ml.lifetime.two_part import TwoPart, fit_two_part, lack_of
from ml.lifetime.ways import Habits, foresee, learn_habits
from ml.policy import read_parameters
from warehouse.build_table import write_table

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

    from warehouse.night import Claim

TABLE = "fct_account_lifetime_values"


@dataclass(frozen=True, slots=True)
class Past:
    """Rows of past days with a label, by horizon, and the habits of customers on each of those days."""

    closed: tuple[Closed, ...]
    labelled: Mapping[int, pd.DataFrame]

    def graded(self) -> dict[int, Grading | None]:
        """Return the grading of each horizon that has closed."""
        return {each.months: grade_ways(self.labelled[each.months], each) for each in self.closed}

    def learn(self, months: int) -> TwoPart | None:
        """Return two_part for so many months, of all that is known; None when that is too little."""
        import pandas as pd

        found = next((each for each in self.closed if each.months == months), None)
        if found is None:
            return None
        rows = self.labelled[months]
        known = rows[rows["snapshot_date"].isin([pd.Timestamp(day) for day in found.learned()])]
        return fit_two_part(known) if lack_of(known) is None else None


@dataclass(frozen=True, slots=True)
class LifetimeReport:
    """How many accounts were told of, and how each horizon."""

    accounts_count: int
    horizons: tuple[Horizon, ...]

    def lines(self) -> list[str]:
        """Return the report for a person, a line."""
        told = "; ".join(horizon.line() for horizon in self.horizons)
        return [f"lifetime value of {self.accounts_count:,} accounts: {told}"]


def build_lifetime_values(connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date) -> LifetimeReport:
    """Make fct_account_lifetime_values in the build schema anew, in one fenced transaction.

    `connection` is the scorer's, outside a transaction. The same rows give the same table. Raises PolicyGapError,
    FeatureColumnsError and FencedError; nothing was written then.
    """
    import pandas as pd

    with connection.transaction():
        told = [months for months, is_told in read_horizons(connection, schema).items() if is_told]
        rate = read_parameters(connection, schema, ["clv_discount_rate"])["clv_discount_rate"]
        past = read_past(connection, schema=schema, as_of=as_of)
        tonight = read_rows(connection, schema=schema, days=[as_of], most=None)
    habits = learn_habits(tonight) if len(tonight) else None
    gradings = past.graded()
    horizons, parts = [], []
    for months in told:
        base = longest([each for each in past.closed if gradings[each.months] is not None], months)
        horizon = choose(months, None if base is None else gradings[base.months], has_habits=habits is not None)
        horizons.append(horizon)
        parts.append(forecast(tonight, habits, past.learn(months), horizon, rate=rate))
    with connection.transaction():
        claim.assert_held(connection)
        write_table(connection, schema, TABLE, pd.concat(parts, ignore_index=True), key="lifetime_value_key")
    return LifetimeReport(len(tonight), tuple(horizons))


def read_past(connection: psycopg.Connection, *, schema: str, as_of: date) -> Past:
    """Return what is learned from and graded on, within the caller's transaction. Raises FeatureColumnsError."""
    closed = tuple(read_closed(connection, schema, as_of=as_of))
    days = sorted({day for each in closed for day in each.needed()})
    if not days:
        return Past(closed, {})
    rows = read_rows(connection, schema=schema, days=days)
    accounts = rows["account_id"].unique().tolist()
    labels = {each.months: read_labels(connection, schema=schema, closed=each, accounts=accounts) for each in closed}
    return label(rows, closed, labels)


def label(rows: pd.DataFrame, closed: tuple[Closed, ...], labels: Mapping[int, pd.DataFrame]) -> Past:
    """Return rows of past days with what each way foresaw on them and what came, by horizon.

    The habits of a day are learned from the rows of that day alone.
    """
    habits: dict[Any, Habits | None] = {day: learn_habits(own) for day, own in rows.groupby("snapshot_date")}
    return Past(
        closed,
        {
            each.months: foresee(
                rows.merge(labels[each.months], on=["account_id", "snapshot_date"], how="inner", validate="1:1"),
                habits,
                months=each.months,
            )
            for each in closed
        },
    )
