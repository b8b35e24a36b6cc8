"""Reads the facts of a night from the ledger, as the publisher."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from operations.night_facts import (
    DriftFact,
    GateFact,
    LoadFact,
    MailFact,
    ModelFact,
    NightFacts,
    OutcomeFact,
    PromiseFact,
    RefusalFact,
    SampleFact,
    SourceFact,
    StageFact,
    UnknownNightError,
    plain,
)
from warehouse.company import Company

SAMPLES_OF_A_RULE = 3
MONTHS_TOLD = 12

_NIGHT = """
select
    r.gen, r.run_id, r.as_of, r.timezone, r.attempt, r.state, r.note, r.started_at, r.published_at, r.is_backfill,
    p.gen = r.gen as is_live, p.as_of as live_as_of
from ops.runs as r
left join ops.published as p on true
where r.run_id = %(run)s or %(run)s::text is null and not r.is_backfill
order by r.gen desc
limit 1
"""

# The newest start of each part; of a stage of a former attempt that the newest has not reached, nothing.
_STAGES = """
with usual as (
    select s.stage, s.part, percentile_cont(0.5) within group (order by s.seconds) as seconds
    from ops.stage_runs as s
    where s.state = 'done' and s.gen in (
        select r.gen from ops.runs as r
        where r.published_at is not null and not r.is_backfill and r.gen < %(gen)s
        order by r.gen desc limit 10
    )
    group by s.stage, s.part
)

select distinct on (s.stage, s.part)
    s.stage, s.part, s.state, s.number as tries, s.seconds, u.seconds as usual_seconds, s.peak_mb, s.note,
    s.started_at, s.finished_at
from ops.stage_runs as s
left join usual as u on s.stage = u.stage and s.part = u.part
where s.gen = %(gen)s and s.attempt = %(attempt)s
order by s.stage, s.part, s.number desc
"""

_SOURCES = """
select
    f.source, f.extract_state, f.staleness_hours / 24 as stale_days, f.delivered_through_date, f.newest_event_date,
    coalesce(n.holds_mails, false) as holds_mails
from bi.fct_source_freshness as f
left join ops.source_nights as n on f.gen = n.gen and f.source = n.source
where f.gen = %(gen)s
order by f.source_rank, f.source
"""

_MODEL = """
select model_id, kind, as_of, grade, rule, best_rule, beats_rule, metrics, note
from ops.models
where was_champion and as_of <= %(as_of)s
order by is_champion desc, as_of desc, trained_at desc, model_id
limit 1
"""

_COLUMN = re.compile(r"(?:missing|bad_[a-z]+)_([a-z0-9_]+)")


def read_night(connection: psycopg.Connection, company: Company, run_id: str | None = None) -> NightFacts:
    """Return the facts of a run, of the newest night when none is named. Raises UnknownNightError."""
    with connection.cursor(row_factory=dict_row) as cursor:
        night = cursor.execute(_NIGHT, {"run": run_id}).fetchone()
        if night is None:
            raise UnknownNightError(
                f"run {run_id}" if run_id else "the newest night",
                seen="no such run in the ledger (ops.runs)",
                expected="a run that `guanxi open` has opened",
                next_step="guanxi nightly, or see the runs with: guanxi status",
            )
        which = {
            "gen": night["gen"],
            "as_of": night["as_of"],
            "attempt": night["attempt"],
            "samples": SAMPLES_OF_A_RULE,
        }
        audited = _all(cursor, "select count(*) as marts, coalesce(sum(row_count), 0)::bigint as rows from ops.audit"
                               " where gen = %(gen)s", which)[0]  # fmt: skip
        return NightFacts(
            company_en=company.name.en,
            company_zh=company.name.zh,
            **{name: night[name] for name in ("run_id", "gen", "as_of", "timezone", "attempt", "state", "started_at")},
            note=plain(night["note"]),
            published_at=night["published_at"],
            is_live=bool(night["is_live"]),
            live_as_of=night["live_as_of"],
            is_backfill=night["is_backfill"],
            stages=_stages(cursor, which),
            loads=tuple(
                LoadFact(**row)
                for row in _all(
                    cursor,
                    "select source, entity, extracted_count as extracted, new_count as new, changed_count as changed,"
                    " unchanged_count as unchanged, quarantined_count as quarantined, held_back_count as held_back"
                    " from ops.loads where gen = %(gen)s order by source, entity",
                    which,
                )
            ),
            gates=_gates(cursor, which),
            refusals=_refusals(cursor, which),
            sources=tuple(
                SourceFact(
                    source=row["source"],
                    state=row["extract_state"],
                    stale_days=row["stale_days"],
                    delivered_through=row["delivered_through_date"],
                    newest_event=row["newest_event_date"],
                    holds_mails=row["holds_mails"],
                )
                for row in _all(cursor, _SOURCES, which)
            ),
            model=_model(cursor, which),
            outcomes=_outcomes(cursor, which),
            drift=tuple(
                DriftFact(
                    row["drift_kind"], row["feature_code"], row["drift_value"], row["limit_value"], row["text_en"],
                    row["text_zh"], row["model_id"],
                )
                for row in _all(cursor, "select * from ops.drift_of(%(gen)s)", which)
            ),
            mails=tuple(
                MailFact(**row)
                for row in _all(
                    cursor,
                    "select kind, state, count(*) as count, max(last_error) filter (where state = 'held') as because"
                    " from ops.outbox where gen = %(gen)s group by kind, state order by kind, state",
                    which,
                )
            ),
            **audited,
        )  # fmt: skip


def _all(cursor: psycopg.Cursor[dict[str, Any]], query: str, which: dict[str, Any]) -> list[dict[str, Any]]:
    return cursor.execute(query.encode(), which).fetchall()


def _stages(cursor: psycopg.Cursor[dict[str, Any]], which: dict[str, Any]) -> tuple[StageFact, ...]:
    rows = sorted(_all(cursor, _STAGES, which), key=lambda row: row["started_at"])
    return tuple(
        StageFact(
            stage=row["stage"],
            part=row["part"],
            state=row["state"],
            tries=row["tries"],
            seconds=None if row["seconds"] is None else float(row["seconds"]),
            usual_seconds=row["usual_seconds"],
            peak_mb=row["peak_mb"],
            note=plain(row["note"]),
            finished_at=row["finished_at"],
        )
        for row in rows
    )


def _gates(cursor: psycopg.Cursor[dict[str, Any]], which: dict[str, Any]) -> tuple[GateFact, ...]:
    kept: dict[str, int] = {}
    broken: dict[str, list[PromiseFact]] = {}
    for row in _all(
        cursor,
        "select stage, suite, severity, is_success, observed, expected, description_en, description_zh"
        " from ops.check_results where gen = %(gen)s order by checked_at, severity, suite, expectation",
        which,
    ):
        kept[row["stage"]] = kept.get(row["stage"], 0) + row["is_success"]
        if not row["is_success"]:
            broken.setdefault(row["stage"], []).append(
                PromiseFact(
                    row["suite"], row["severity"], row["observed"], row["expected"], row["description_en"],
                    row["description_zh"],
                )
            )  # fmt: skip
    return tuple(GateFact(stage, count, tuple(broken.get(stage, ()))) for stage, count in kept.items())


def _refusals(cursor: psycopg.Cursor[dict[str, Any]], which: dict[str, Any]) -> tuple[RefusalFact, ...]:
    samples: dict[tuple[str, str, str], list[SampleFact]] = {}
    for row in _all(cursor, "select * from ops.quarantine_samples(%(gen)s, %(samples)s)", which):
        key = (row["source"], row["entity"], row["rule"])
        samples.setdefault(key, []).append(SampleFact(row["key_digest"], row["seen_shape"]))
    return tuple(
        RefusalFact(
            source=row["source"],
            entity=row["entity"],
            rule=row["rule"],
            column=column_of(row["rule"]),
            rows=row["rows_count"],
            samples=tuple(samples.get((row["source"], row["entity"], row["rule"]), ())),
        )
        for row in _all(
            cursor,
            "select source, entity, rule, rows_count from bi.fct_quarantine_counts where gen = %(gen)s"
            " order by rows_count desc, source, entity, rule",
            which,
        )
    )


def column_of(rule: str) -> str | None:
    """Return the column that a rule's name tells, as `bad_date_due_date` and `missing_account_id` do."""
    found = _COLUMN.fullmatch(rule)
    return None if found is None else found.group(1)


def _model(cursor: psycopg.Cursor[dict[str, Any]], which: dict[str, Any]) -> ModelFact | None:
    row = next(iter(_all(cursor, _MODEL, which)), None)
    if row is None:
        return None
    method = row["rule"] or "model"
    quality = (row["metrics"].get("qualities") or {}).get(method) or {}
    return ModelFact(
        model_id=row["model_id"],
        method=method,
        as_of=row["as_of"],
        grade=row["grade"],
        best_rule=row["best_rule"],
        beats_rule=row["beats_rule"],
        auc=quality.get("auc"),
        average_precision=quality.get("average_precision"),
        note=plain(row["note"]),
    )


def _outcomes(cursor: psycopg.Cursor[dict[str, Any]], which: dict[str, Any]) -> tuple[OutcomeFact, ...]:
    rows = _all(cursor, "select * from ops.outcomes_of(%(gen)s)", which)
    told = [
        OutcomeFact(
            month=row["month_date"],
            model_id=row["model_id"],
            accounts=row["accounts_count"],
            churned=row["churned_count"],
            predicted=row["predicted_rate"],
            realised=row["realised_rate"],
            low=row["realised_low_rate"],
            high=row["realised_high_rate"],
            capacity=row["capacity_count"],
            precision=row["precision_at_capacity_rate"],
            is_enough=row["is_enough"],
        )
        for row in rows
    ]
    return tuple(told[-MONTHS_TOLD:])


def newest_published_day(connection: psycopg.Connection) -> date | None:
    """Return the newest day that any night was published for, whatever is live since; None before the first."""
    row = connection.execute(
        "select max(as_of) from ops.runs where published_at is not null and not is_backfill"
    ).fetchone()
    return None if row is None else row[0]
