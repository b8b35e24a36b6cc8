"""Finding out what the night and its company let the gates look at."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from expectations.suite import Scope, Stage
from warehouse.company import Company
from warehouse.night import Night

FRESHNESS_DAYS = 7
"""How old the newest order may be unless a source of company.yml says `freshness_days`. Covers long holidays."""


def read_scope(connection: psycopg.Connection, *, stage: Stage, night: Night, company: Company) -> Scope:
    """Return what the suites of a stage are made for. The connection needs the checker's rights."""
    # what is live since a later day is nothing that a past day, built anew, could be compared with
    live = connection.execute(
        "select as_of from ops.published where gen <> %s and as_of <= %s", (night.gen, night.as_of)
    ).fetchone()
    build_schema = night.build_schema or ""
    return Scope(
        gen=night.gen,
        as_of=night.as_of,
        timezone=night.timezone,
        known_before=_end_of_day(night),
        currency=company.currency,
        freshness_days=_freshness_days(company),
        mapped=_mapped(company),
        build_schema=build_schema,
        live_as_of=None if live is None else live[0],
        live_marts=frozenset() if live is None or stage == "raw" else _live_marts(connection),
        band_codes=_band_codes(connection, build_schema) if stage == "scores" else (),
        fallback_manager_id=company.fallback_manager.account_manager_id if company.fallback_manager else "",
        own_account_ids=company.own_account_ids,
    )


def may_make_temporary_tables(connection: psycopg.Connection) -> bool:
    row = connection.execute("select has_database_privilege(current_database(), 'temporary')").fetchone()
    return row is not None and bool(row[0])


def _end_of_day(night: Night) -> str:
    midnight = datetime.combine(night.as_of + timedelta(days=1), time.min, tzinfo=ZoneInfo(night.timezone))
    return f"cast('{midnight.isoformat()}' as timestamptz)"


def _mapped(company: Company) -> dict[str, frozenset[str]]:
    mapped: dict[str, frozenset[str]] = {}
    for source in company.sources:
        for entity, mapping in ((source.model_extra or {}).get("entities") or {}).items():
            mapped[entity] = mapped.get(entity, frozenset()) | frozenset(mapping.get("optional") or ())
    return mapped


def _freshness_days(company: Company) -> int:
    said = [source.freshness_days for source in company.sources]
    return max((days for days in said if days is not None), default=FRESHNESS_DAYS)


def _live_marts(connection: psycopg.Connection) -> frozenset[str]:
    rows = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace('bi')"
        " and relkind = 'v' and has_table_privilege(oid, 'select')"
    ).fetchall()
    return frozenset(name for (name,) in rows)


def _band_codes(connection: psycopg.Connection, build_schema: str) -> tuple[str, ...]:
    bands = sql.Identifier(build_schema, "policy_churn_bands")
    rows = connection.execute(sql.SQL("select band_code from {} order by probability_from").format(bands)).fetchall()
    return tuple(code for (code,) in rows)
