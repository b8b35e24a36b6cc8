"""Nights that came before: what their lists said of whom, and which of them were mailed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import psycopg


@dataclass(frozen=True, slots=True)
class Told:
    """A row of an earlier list."""

    account_id: str
    owner_id: str = "ann"
    status_code: str | None = "new"
    band_code: str | None = "high"
    churn_probability: float | None = 0.7
    is_mailed: bool = True


def tell(connection: psycopg.Connection, gen: int, day: date, rows: Iterable[Told]) -> None:
    """Publish a night of `day` whose lists hold `rows`, and mail those that are marked so."""
    connection.execute(
        "insert into ops.runs (gen, run_id, as_of, timezone, state, published_at)"
        " values (%s, %s, %s, 'Europe/Berlin', 'published', now())",
        (gen, f"night {gen}", day),
    )
    for row in rows:
        connection.execute(
            "insert into pub.fct_churn_lists"
            " (gen, account_manager_id, account_id, status_code, band_code, churn_probability)"
            " values (%s, %s, %s, %s, %s, %s)",
            (gen, row.owner_id, row.account_id, row.status_code, row.band_code, row.churn_probability),
        )
        if row.is_mailed:
            connection.execute(
                "insert into ops.mailed_accounts"
                " (account_id, as_of, gen, owner_id, status_code, band_code, churn_probability)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                (row.account_id, day, gen, row.owner_id, row.status_code, row.band_code, row.churn_probability),
            )
    connection.commit()


Answer = tuple[str, str, datetime, str, date | None]
"""Account, manager, when, outcome, until when it is put off."""


def answer(connection: psycopg.Connection, answers: Sequence[Answer]) -> None:
    """Let these be the managers' answers, each to the list of the day before it was given."""
    connection.execute("set role guanxi_owner")
    connection.execute(
        "create table ops.told_answers (feedback_id bigint generated always as identity, account_id text,"
        " account_manager_id text, told_at timestamptz, as_of date, outcome_code text, snoozed_until date)"
    )
    connection.execute("drop function ops.feedback_before (bigint)")
    connection.execute(
        "create function ops.feedback_before (p_gen bigint) returns setof ops.told_answers language sql stable"
        " security definer as $f$ select f.* from ops.told_answers f where f.as_of <"
        " (select r.as_of from ops.runs r where r.gen = p_gen) $f$"
    )
    connection.execute("grant execute on function ops.feedback_before (bigint) to guanxi_scorer")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.told_answers (account_id, account_manager_id, told_at, as_of, outcome_code, snoozed_until)"
            " values (%s, %s, %s, %s, %s, %s)",
            [(*given[:3], given[2].date() - timedelta(days=1), *given[3:]) for given in answers],
        )
    connection.execute("reset role")
    connection.commit()
