"""Who is in which programme, and who is left out of it by chance; so it is made after the scores, before the lists."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from warehouse.build_table import create_table
from warehouse.errors import Problem
from warehouse.settings import ROOT

if TYPE_CHECKING:
    from warehouse.company import Company
    from warehouse.night import Claim

TABLE = "fct_programme_assignments"
_FILL = Path(__file__).parent / "programmes.sql"
_POLICY = ROOT / "dbt_project" / "seeds" / "policy" / "policy_save_programmes.csv"


class UnknownProgrammeError(Problem):
    """The company leaves customers out of a programme that the policy does not have."""


@dataclass(frozen=True, slots=True)
class Arms:
    """A programme and its accounts so far: how many are treated, how many left out, how many were drawn tonight."""

    programme_code: str
    treated_count: int
    holdout_count: int
    new_count: int

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"programme {self.programme_code}: {self.treated_count:,} accounts treated, {self.holdout_count:,} left out"
            f" by chance, {self.new_count:,} drawn tonight"
        )


def refuse_unknown_programmes(company: Company) -> None:
    """Raise UnknownProgrammeError when the company names a programme that the policy does not have."""
    with _POLICY.open(encoding="utf-8", newline="") as file:
        known = sorted(row["programme_code"] for row in csv.DictReader(file))
    if unknown := sorted(set(company.holdouts) - set(known)):
        raise UnknownProgrammeError(
            f"holdouts of {company.id}",
            seen=", ".join(unknown),
            expected="programmes of policy_save_programmes: " + (", ".join(known) or "it has none"),
            next_step=f"name one of these under holdouts in {company.file}, or add a line to the policy",
        )


def build_assignments(
    connection: psycopg.Connection, *, claim: Claim, schema: str, as_of: date, company: Company
) -> list[Arms]:
    """Make fct_programme_assignments in the build schema anew, in one fenced transaction; return each programme's arms.

    Only the programmes that company.yml names under holdouts have accounts. `connection` is the scorer's, outside a
    transaction. Raises FencedError and UnknownProgrammeError; the schema is as before then.
    """
    refuse_unknown_programmes(company)
    values = {"as_of": as_of, "gen": claim.night.gen, "programmes": list(company.holdouts)}
    with connection.transaction():
        claim.assert_held(connection)
        create_table(connection, schema, TABLE, key="programme_assignment_key")
        statement = sql.SQL(_FILL.read_text(encoding="utf-8")).format(schema=sql.Identifier(schema))
        rows = connection.execute(statement, values).fetchall()
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, TABLE)))
    return [Arms(str(code), int(treated), int(holdout), int(new)) for code, treated, holdout, new in rows]
