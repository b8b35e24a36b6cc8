"""Who to call tomorrow: the risky accounts of each account manager, as many as the manager can call."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from delivery.managers import fallback_manager
from warehouse.build_table import create_table
from warehouse.errors import Problem

if TYPE_CHECKING:
    from warehouse.company import Company
    from warehouse.night import Claim

TABLE = "fct_churn_lists"
_FOLDER = Path(__file__).parent
# What the statements leave for one another; gone when the lists are made.
_TOLD = """create table {} (
    account_id text primary key, owner_id text, latest_date date, latest_status_code text, is_last_list boolean,
    changed_date date, churn_probability double precision, band_code text, last_mailed_date date, mails_count bigint
)"""
_STATES = """create table {} (
    account_id text primary key, owner_id text, account_manager_id text, status_code text,
    former_probability double precision, former_band_code text, changed_date date, is_snoozed boolean,
    is_resting boolean, is_listed boolean, list_rank bigint
)"""


class NoListPolicyError(Problem):
    """The policy does not say how long a list may be."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """What the lists hold and what they leave out.

    `rows_count` is of those at risk; `recovered_count` are told besides. `stood_in_count`: accounts on the list of who
    stands in for their manager. `snoozed_count`: accounts at risk that a manager does not want to see for now.
    `resting_count`: accounts at risk that were mailed several times without a change.
    `unowned_count`: accounts of listed bands without an active manager, in a company that names no desk for them.
    `over_capacity_count`: accounts of listed bands that had no room on their manager's list.
    `held_out_count`: accounts of listed bands that a programme leaves out by chance.
    """

    managers_count: int
    rows_count: int
    new_count: int
    worsened_count: int
    recovered_count: int
    stood_in_count: int
    desk_count: int
    unowned_count: int
    over_capacity_count: int
    snoozed_count: int
    resting_count: int
    held_out_count: int

    def lines(self) -> list[str]:
        """Return the report in words, one fact a line."""
        told = [
            f"{self.rows_count:,} accounts on the lists of {self.managers_count:,} account managers,"
            f" {self.new_count:,} of them new"
            + (f", {self.worsened_count:,} worse than when last told" if self.worsened_count else "")
        ]
        if self.recovered_count:
            told.append(
                f"{self.recovered_count:,} accounts have recovered since they were last listed, and are told so"
            )
        if self.stood_in_count:
            told.append(f"{self.stood_in_count:,} accounts are on the list of who stands in for their manager")
        if self.desk_count:
            told.append(f"{self.desk_count:,} accounts without an active manager are on the desk's list")
        if self.unowned_count:
            told.append(
                f"{self.unowned_count:,} risky accounts have no active manager and are on no list:"
                " name a fallback_manager in company.yml"
            )
        if self.over_capacity_count:
            told.append(f"{self.over_capacity_count:,} risky accounts had no room on their manager's list")
        if self.snoozed_count:
            told.append(f"{self.snoozed_count:,} risky accounts are snoozed by their manager")
        if self.resting_count:
            told.append(f"{self.resting_count:,} risky accounts rest: they were told several times and nothing changed")
        if self.held_out_count:
            told.append(
                f"{self.held_out_count:,} risky accounts are left out by chance and on no list,"
                " so that it can be told what the lists bring"
            )
        return told


def build_lists(
    connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date, company: Company
) -> ListReport:
    """Make fct_churn_lists in the build schema anew, in one fenced transaction.

    Needs fct_account_next_actions. `connection` is the scorer's, outside a transaction. Raises FencedError and
    NoListPolicyError; the schema is as before then.
    """
    desk = fallback_manager(company)
    values = {"as_of": as_of, "gen": claim.night.gen, "desk_id": desk.account_manager_id if desk else None}
    scratch: dict[str, LiteralString] = {"list_told": _TOLD, "list_states": _STATES}
    with connection.transaction():
        claim.assert_held(connection)
        _check_capacity(connection, schema)
        create_table(connection, schema, TABLE, key="account_id")
        for name, columns in scratch.items():
            connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, name)))
            connection.execute(sql.SQL(columns).format(sql.Identifier(schema, name)))
            connection.execute(_statement(name, schema), values)
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, name)))
        for name in ("lists", "list_facts"):
            connection.execute(_statement(name, schema), values)
        row = connection.execute(_statement("list_counts", schema)).fetchone()
        for name in scratch:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, name)))
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    counts = row or (0,) * len(fields(ListReport))
    return ListReport(*map(int, counts))


def _check_capacity(connection: psycopg.Connection, schema: str) -> None:
    query = "select cast(value as numeric) from {} where parameter = 'list_capacity'"
    row = connection.execute(sql.SQL(query).format(sql.Identifier(schema, "policy_parameters"))).fetchone()
    if row is None or row[0] is None or row[0] < 1:
        raise NoListPolicyError(
            "policy_parameters, list_capacity",
            seen="no such parameter" if row is None else f"the value {row[0]}",
            expected="how many accounts a manager can call in a day, 1 or more",
            next_step="give list_capacity a value in dbt_project/seeds/policy/policy_parameters.csv and run the"
            " night again",
        )


def _statement(name: str, schema: str) -> sql.Composed:
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(text).format(
        schema=sql.Identifier(schema),
        value_text=_shown("told.reason_value"),
        peer_text=_shown("told.peer_value"),
    )


def _shown(column: LiteralString) -> sql.Composed:
    """Return SQL that writes a reason's number as people do: shares in per cent, large numbers without decimals."""
    return sql.SQL(
        "case"
        " when {value} is null or {value} = 'NaN' then '–'"
        " when told.reason_code like '%%\\_rate%%'"
        " then to_char(round(cast({value} * 100 as numeric)), 'FM999,999,999,990')"
        " when abs({value}) >= 10 then to_char(round(cast({value} as numeric)), 'FM999,999,999,999,990')"
        " else rtrim(rtrim(to_char(round(cast({value} as numeric), 1), 'FM0.0'), '0'), '.')"
        " end"
    ).format(value=sql.SQL(column))
