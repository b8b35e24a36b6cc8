"""A ledger of published scores, and what the customers did after, written by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from psycopg import sql

from tests.ml.conftest import Marts
from warehouse.database import Role

HORIZON = timedelta(days=90)
MANAGERS = {"a": 5, "b": 20, "c": 100, None: None}
"""Whom the accounts belong to, and how many each can call; b has no number of its own."""

TABLES = """
create table dim_accounts (account_id text, merged_into_account_id text);
create table dim_account_history (
    account_id text, account_manager_id text, industry text, size_band text, region text, valid_from_date date,
    valid_to_date date
);
create table int_account_days_known (account_id text, order_date date, is_order_day boolean, is_latest boolean);
create table int_churn_kinds_chosen (churn_kind text, is_scored boolean);
insert into int_churn_kinds_chosen values ('fixed_window', true), ('own_rhythm', false);
insert into policy_parameters values ('lead_days', '0'), ('snapshot_months_count', '36'), ('confidence_z', '1.96'),
('outcomes_accounts_minimum', '30');
"""


@dataclass(slots=True)
class Past:
    """The marts of a night, and the ledger before it."""

    marts: Marts
    gen: int = field(default=100)

    def begin(self) -> None:
        self.run("transformer", TABLES)
        self.run("transformer", "grant select on all tables in schema {schema} to guanxi_scorer")

    def run(self, who: str, statement: str, rows: list[tuple[Any, ...]] | None = None) -> None:
        """Run SQL in the build schema, as the transformer or the administrator; once a row when there are rows."""
        warehouse = self.marts.warehouse
        connection = warehouse.connect_admin() if who == "administrator" else warehouse.connect(Role.TRANSFORMER)
        name = sql.Identifier(self.marts.schema)
        with connection:
            connection.execute(sql.SQL("set local search_path = {}, ops").format(name))
            text = statement.replace("{schema}", self.marts.schema).encode()
            if rows is None:
                connection.execute(text)
            else:
                connection.cursor().executemany(text, rows)

    def publish(self, day: date, scores: list[dict[str, Any]], *, model: str = "churn-1", attempt: int = 1) -> None:
        """Enter a publication of a day into the ledger; a further attempt is one of the generation before."""
        self.gen += attempt == 1
        method = "model" if model.startswith("churn") else "overdue"
        if attempt == 1:
            values = (self.gen, f"run-{self.gen}", day)
            self.run(
                "administrator",
                "insert into runs (gen, run_id, as_of, timezone, state) values (%s, %s, %s, 'UTC', 'published')",
                [values],
            )
        self.run(
            "administrator",
            "insert into score_publications (gen, attempt, as_of, rows_count) values (%s, %s, %s, %s)",
            [(self.gen, attempt, day, len(scores))],
        )
        self.run(
            "administrator",
            "insert into score_ledger (gen, attempt, account_id, method_code, model_id, churn_probability,"
            " churn_percentile, band_code, play_code, as_of_date) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    self.gen,
                    attempt,
                    each["account_id"],
                    method,
                    model,
                    each["risk"],
                    each["place"],
                    each["band"],
                    each.get("play"),
                    day,
                )
                for each in scores
            ],
        )

    def label(self, day: date, verdicts: dict[str, bool]) -> None:
        self.run(
            "transformer",
            "insert into fct_churn_labels values (%s, true, %s, %s, %s, %s)",
            [(name, gone, day + HORIZON, day, self.marts.as_of) for name, gone in verdicts.items()],
        )

    def order(self, account: str, *days: date, is_order_day: bool = True, is_latest: bool = True) -> None:
        self.run(
            "transformer",
            "insert into int_account_days_known values (%s, %s, %s, %s)",
            [(account, day, is_order_day, is_latest) for day in days],
        )


def by_chance(count: int = 70, *, seed: int = 3) -> list[dict[str, Any]]:
    """Accounts whose risk takes few values, so that many are tied, with the day of their next order or None."""
    dice = random.Random(seed)
    accounts: list[dict[str, Any]] = [
        {
            "account_id": f"A{number:03d}",
            "manager": dice.choice([*MANAGERS]),
            "size": dice.choice(["small", "large"]),
            "industry": dice.choice(["food", "retail", "", None]),
            "risk": dice.choice([0.1, 0.2, 0.35, 0.5, 0.8]),
        }
        for number in range(count)
    ]
    risks = [each["risk"] for each in accounts]
    for each in accounts:
        risk = each["risk"]
        each["place"] = (sum(other < risk for other in risks) + risks.count(risk) / 2) / count
        each["band"] = "high" if risk >= 0.6 else "medium" if risk >= 0.3 else "low"
        each["play"] = None if each["band"] == "low" else dice.choice(["call", "visit"])
        each["wait"] = None if dice.random() < risk else dice.randint(1, 90)
    return accounts


def account(name: str, risk: float = 0.5) -> dict[str, Any]:
    return {"account_id": name, "manager": "a", "industry": "food", "size": "small", "risk": risk, "place": risk,
            "band": "medium"}  # fmt: skip
