"""Decisions in the warehouse: one row a record and day on which its decision changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from identity.decisions import Decision
from identity.parties import AccountRecord
from warehouse.night import Night

_FIELDS = (
    "account_name", "tax_number", "web_domain", "phone", "address", "city", "linked_account_id",
)  # fmt: skip
_DECIDED = (
    "account_id", "match_rule", "match_band", "match_score", "reason_en", "reason_zh", "candidate_account_id",
    "candidate_score", "candidate_reason_en", "candidate_reason_zh",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """What a day's decisions changed: records seen for the first time, and those whose account is another now."""

    new: int
    moved: int
    other: int


def read_records(connection: psycopg.Connection, night: Night) -> list[AccountRecord]:
    """Return every account record that was known by the end of the night's day, as it was known then.

    A record that its source no longer has is among them, as it was last known: its orders are still somebody's.
    """
    rows = connection.execute(
        f"select distinct on (source, record_id) source, account_id,"  # noqa: S608 - our own column names
        " (min(known_at) over (partition by source, record_id) at time zone %(zone)s)::date,"
        f" {', '.join(_FIELDS)} from raw.accounts"
        " where known_at < ((%(day)s::date + 1)::timestamp at time zone %(zone)s)"
        " order by source, record_id, known_at desc".encode(),
        {"zone": night.timezone, "day": night.as_of},
    ).fetchall()
    return [AccountRecord(*row) for row in rows]


def read_ranks(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("select source, rank from ops.sources").fetchall())


def write_decisions(connection: psycopg.Connection, night: Night, decisions: Sequence[Decision]) -> Changes:
    """Write what differs from the day before; what an earlier night of this same day decided is replaced."""
    connection.execute("delete from ops.account_keys where decided_date = %s", (night.as_of,))
    before = _decided_before(connection, night.as_of)
    counts = {"new": 0, "moved": 0, "other": 0}
    statement = (
        "copy ops.account_keys (source, source_account_id, decided_date, gen, since_date,"
        f" {', '.join(_DECIDED)}) from stdin"
    )
    with connection.cursor().copy(statement.encode()) as copy:
        for decision in decisions:
            key = (decision.source, decision.source_account_id)
            values = _values(decision)
            last = before.get(key)
            if last is not None and last[1:] == values:
                continue
            is_at_home = last is not None and last[1] == decision.account_id
            counts["new" if last is None else "other" if is_at_home else "moved"] += 1
            since = last[0] if last is not None and is_at_home else night.as_of
            copy.write_row((*key, night.as_of, night.gen, since, *values))
    return Changes(**counts)


def _decided_before(connection: psycopg.Connection, day: date) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = connection.execute(
        f"select distinct on (source, source_account_id) source, source_account_id, since_date, {', '.join(_DECIDED)}"  # noqa: S608
        " from ops.account_keys where decided_date < %s"
        " order by source, source_account_id, decided_date desc".encode(),
        (day,),
    ).fetchall()
    return {(source, account): tuple(rest) for source, account, *rest in rows}


def _values(decision: Decision) -> tuple[Any, ...]:
    candidate = decision.candidate
    told = (
        (None, None, None, None)
        if candidate is None
        else (candidate.account_id, _exact(candidate.score), candidate.reason_en, candidate.reason_zh)
    )
    return (
        decision.account_id, decision.rule, decision.band, _exact(decision.score), decision.reason_en,
        decision.reason_zh, *told,
    )  # fmt: skip


def _exact(score: float | None) -> Decimal | None:
    return None if score is None else Decimal(str(score)).quantize(Decimal("0.0001"))
