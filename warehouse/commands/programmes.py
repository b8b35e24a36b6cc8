"""The command `guanxi programmes`: who is left out by chance, and what the programmes brought so far, in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from warehouse.commands.work import CompanyPath, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem

_ARMS = """
select
    programme_code, min(programme_name_en) as programme_name_en,
    count(*) filter (where arm = 'treated') as treated_count,
    count(*) filter (where arm = 'holdout') as holdout_count,
    count(*) filter (where is_eligible) as eligible_count
from bi.fct_programme_assignments
group by programme_code
order by programme_code
"""
_EFFECTS = """
select * from bi.fct_programme_effects
where scope = 'programme'
order by programme_code, evaluated_date desc nulls last, outcome_code
"""


class NothingLiveError(Problem):
    """No night is live that could tell of programmes."""


def programmes(company: CompanyPath = None) -> None:
    """Show the programmes that leave customers out by chance: their arms, what they brought, what they could show."""
    teller = Teller()
    with open_prepared_house(company) as house, house.warehouse.connect(Role.READER) as connection:
        if connection.execute("select from bi.data_version").fetchone() is None:
            raise NothingLiveError(
                f"the programmes of {house.company.id}",
                seen="nothing is live yet",
                expected="a published night",
                next_step="guanxi nightly",
            )
        arms = _rows(connection, _ARMS)
        effects = _rows(connection, _EFFECTS)
    for line in lines_of(arms, effects):
        teller.say(line)


def lines_of(arms: list[dict[str, Any]], effects: list[dict[str, Any]]) -> list[str]:
    """Return what there is to say: a line a programme, and one below it for each outcome.

    `arms` and `effects` are rows of the two queries of this file.
    """
    if not arms and not effects:
        return [
            "no programme leaves anybody out, so nothing can be told of what the lists bring:"
            " name programmes under holdouts in company.yml (docs/company.md)"
        ]
    names = {row["programme_code"]: row["programme_name_en"] for row in arms}
    names |= {row["programme_code"]: row["programme_name"] for row in effects if row["programme_code"] not in names}
    sizes = {row["programme_code"]: row for row in arms}
    told = []
    for code, name in sorted(names.items()):
        told.append(f"{code}: {name}. {_size(sizes.get(code))}")
        told += [f"  {_effect(row)}" for row in effects if row["programme_code"] == code]
        if not any(row["programme_code"] == code for row in effects):
            told.append("  nothing to tell yet: nobody was drawn before this night")
    return told


def _size(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "Switched off; its accounts are followed still"
    return (
        f"{row['treated_count']:,} accounts treated, {row['holdout_count']:,} left out by chance,"
        f" {row['eligible_count']:,} of them eligible tonight"
    )


def _effect(row: Mapping[str, Any]) -> str:
    outcome = str(row["outcome_name_en"]).lower()
    if row["effect_unknown_reason"] == "not_over_yet":
        return f"{outcome}: not known yet, the days of all {row['open_count']:,} accounts last"
    if row["effect_unknown_reason"] == "no_holdout":
        return (
            f"{outcome}: {_percent(row['treated_after_value'])} of {row['treated_count']:,} treated; nobody to compare"
        )
    if row["effect_unknown_reason"] is not None:
        return f"{outcome}: no source delivers orders"
    least = row["detectable_value"]
    return (
        f"{outcome}: {_percent(row['treated_after_value'])} of {row['treated_count']:,} treated,"
        f" {_percent(row['holdout_after_value'])} of {row['holdout_count']:,} left out:"
        f" {_points(row['effect_value'])} points (95 % interval {_points(row['effect_low_value'])} to"
        f" {_points(row['effect_high_value'])}), {'beyond' if row['is_beyond_chance'] else 'within'} chance"
        + ("" if least is None else f"; so many accounts show an effect of {_points(least).lstrip('+')} points or more")
        + (f"; {row['open_count']:,} accounts more are not over" if row["open_count"] else "")
    )


def _percent(value: Decimal) -> str:
    return f"{value * 100:.1f} %"


def _points(value: Decimal) -> str:
    return f"{value * 100:+.1f}"


def _rows(connection: psycopg.Connection, query: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()
