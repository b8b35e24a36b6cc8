"""Finds what operators have to be told now, from the ledger alone: whether Airflow lives does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from operations.alert import Alert, make_alert
from operations.night_facts import NightFacts, UnknownNightError
from operations.reading_night import newest_published_day, read_night
from warehouse.company import Company

QUIET = timedelta(minutes=20)
"""How long nothing has happened after a failed stage until no further try is to be expected: the longest pause
between two tries of a stage is ten minutes (dags/dag_support/stage.py)."""

UNANSWERED = timedelta(minutes=30)
_UNANSWERED_LIMIT = 2


def find_due(
    connection: psycopg.Connection, company: Company, *, now: datetime, deadline: time, ended: str | None = None
) -> list[Alert]:
    """Return what is wrong, told before or not; for the publisher.

    `ended` is a run that is over, so that nothing of it is waited for; its end asks nobody what time it is, since
    nights of days long past are run by hand. `deadline` is when, in the company's time zone, the night of the day
    before has to be published. Nights that were never opened are not missed before the first one.
    """
    found: list[Alert] = []
    try:
        newest = read_night(connection, company)
    except UnknownNightError:
        newest = None
    if ended is not None and (newest is None or newest.run_id != ended) and not _is_known(connection, ended):
        found.append(_never_opened(ended, now))
    if newest is None:
        return found
    found += _failed(newest, now, is_over=newest.run_id == ended)
    if ended is None:
        found += _late(newest, newest_published_day(connection), company, now, deadline)
    found += _stale(newest, now)
    live = _live_run(connection)
    if live is not None:
        night = newest if newest.run_id == live else read_night(connection, company, live)
        found += [*_held(night, now), *_drift(night, now)]
        found += _doubt(connection, night, now, is_over=live == ended)
    return found


def due_day(now: datetime, timezone: str, deadline: time) -> date:
    """Return the newest day whose night has to be published by now: yesterday once the deadline has passed."""
    here = now.astimezone(ZoneInfo(timezone))
    return here.date() - timedelta(days=1 if here.time() >= deadline else 2)


def _failed(night: NightFacts, now: datetime, *, is_over: bool) -> Iterator[Alert]:
    if night.verdict == "published" or (night.is_at_work and not is_over):
        return
    stage = night.failed_stage
    is_final = is_over or night.state == "rejected"
    if not is_final and stage is not None and (stage.finished_at is None or now - stage.finished_at < QUIET):
        return
    yield make_alert(
        f"failed:{night.run_id}:{night.attempt}",
        "failed",
        now=now,
        seen=_first_words(night.note if stage is None else stage.note) or "it ended before it was published",
        day=night.as_of,
        run=night.run_id,
        stage="open" if stage is None else stage.name,
    )


def _never_opened(run_id: str, now: datetime) -> Alert:
    return make_alert(
        f"failed:{run_id}:never-opened",
        "failed",
        sentence="never_opened",
        now=now,
        seen="the ledger has no such run",
        run=run_id,
    )


def _late(
    night: NightFacts, published: date | None, company: Company, now: datetime, deadline: time
) -> Iterator[Alert]:
    day = due_day(now, company.timezone, deadline)
    if published is None or published >= day:
        return
    standing = f"the newest night, of {night.as_of}, is {night.state}"
    yield make_alert(
        f"late:{day}",
        "late",
        now=now,
        seen=f"at {deadline:%H:%M} {company.timezone} the newest published day is {published}; {standing}",
        day=day,
    )


def _stale(night: NightFacts, now: datetime) -> Iterator[Alert]:
    for source in night.sources:
        if source.state == "carried" and source.is_stale:
            day = source.delivered_through or "never"
            yield make_alert(
                f"stale:{source.source}:{day}",
                "stale",
                now=now,
                seen=f"it is carried forward as of {day}" + ("; it holds the mails" * source.holds_mails),
                source=source.source,
            )


def _held(night: NightFacts, now: datetime) -> Iterator[Alert]:
    for mail in night.mails:
        if mail.state == "held":
            yield make_alert(
                f"held:{night.gen}:{mail.kind}",
                "held",
                now=now,
                seen=f"{mail.kind}: {mail.because or 'no reason is noted'}",
                count=mail.count,
                day=night.as_of,
                gen=night.gen,
            )


def _drift(night: NightFacts, now: datetime) -> Iterator[Alert]:
    """A drift that lasts is told once a month and model, since it is found anew every night."""
    for each in night.drift:
        if each.is_worth_telling:
            yield make_alert(
                f"drift:{each.model_id}:{each.kind}:{each.feature}:{night.as_of:%Y-%m}",
                "drift",
                now=now,
                seen=each.text_en,
                day=night.as_of,
            )


def _doubt(connection: psycopg.Connection, night: NightFacts, now: datetime, *, is_over: bool) -> Iterator[Alert]:
    failed = night.failed_stage
    gave_up = failed is not None and failed.stage == "deliver" and failed.finished_at is not None
    still_tried = not (is_over or (gave_up and now - failed.finished_at >= QUIET))  # type: ignore[union-attr, operator]
    for state, count in connection.execute(
        "select state, count(*) from ops.outbox where gen = %(gen)s and ("
        " state = 'failed'"
        " or state = 'unknown' and (unknown_count >= %(limit)s or updated_at < %(long_ago)s)"
        " or state = 'sending' and updated_at < %(long_ago)s"
        " or state = 'pending' and %(is_given_up)s)"
        " group by state order by state",
        {
            "gen": night.gen,
            "limit": _UNANSWERED_LIMIT,
            "long_ago": now - UNANSWERED,
            "is_given_up": gave_up and not still_tried,
        },
    ).fetchall():
        yield make_alert(
            f"doubt:{night.gen}:{state}",
            "doubt",
            now=now,
            seen=f"{count} in the state {state}",
            count=count,
            day=night.as_of,
        )


def _is_known(connection: psycopg.Connection, run_id: str) -> bool:
    return connection.execute("select 1 from ops.runs where run_id = %s", (run_id,)).fetchone() is not None


def _live_run(connection: psycopg.Connection) -> str | None:
    row = connection.execute("select r.run_id from ops.published p join ops.runs r using (gen)").fetchone()
    return None if row is None else str(row[0])


def _first_words(note: str) -> str:
    """Return what a problem's text names and what it saw, without the rest of it."""
    lines = note.splitlines()
    seen = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("  seen:")), "")
    return ": ".join(filter(None, (lines[0].strip() if lines else "", seen)))
