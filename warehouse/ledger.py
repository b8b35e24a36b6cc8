"""What the warehouse knows of its nights: opening one, claiming a stage of it, noting how it ended."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from warehouse.database import Role, Warehouse
from warehouse.errors import GateClosedError, Problem
from warehouse.night import Claim, FencedError, Night

# Which role writes for a stage.
STAGE_ROLES = {
    "extract": Role.LOADER,
    "check_raw": Role.CHECKER,
    "match": Role.MATCHER,
    "transform": Role.TRANSFORMER,
    "check_marts": Role.CHECKER,
    "train": Role.SCORER,
    "score": Role.SCORER,
    "check_scores": Role.CHECKER,
    "publish": Role.PUBLISHER,
    "deliver": Role.MAILER,
}


class OlderNightError(Problem):
    """A night for a day before the live one."""


class NightRunningError(Problem):
    """Another night is at work in this warehouse."""


class UnknownRunError(Problem):
    """The ledger has no such run."""


class RejectedRunError(Problem):
    """A run that a gate or a later night has ended."""


# First key of the advisory lock that a stage at work holds; the second is its generation.
_NIGHT_LOCK = 20_531

# SQLSTATE of ops.claim_stage for a rejected run, and of ops.open_backfill beside a night that is half-way.
_REJECTED, _HALF_WAY = "GX002", "GX003"


@dataclass(frozen=True, slots=True)
class Live:
    """The generation that readers see."""

    gen: int
    run_id: str
    as_of: date
    build_schema: str | None


def live_generation(connection: psycopg.Connection) -> Live | None:
    """Return what is published, or None before the first night."""
    row = connection.execute(
        "select r.gen, r.run_id, r.as_of, r.build_schema from ops.published p join ops.runs r using (gen)"
    ).fetchone()
    return None if row is None else Live(*row)


def open_night(
    warehouse: Warehouse, *, run_id: str, as_of: date, timezone: str, company_id: str, runs_folder: Path
) -> Night:
    """Open a run, or a further attempt of it, and fence off whatever was left unfinished.

    Raises OlderNightError and NightRunningError.
    """
    with warehouse.connect(Role.PUBLISHER) as connection:
        live = live_generation(connection)
        if live is not None and live.as_of > as_of:
            raise OlderNightError(
                f"a night for {as_of}",
                seen=f"the live generation {live.gen} answers for {live.as_of}",
                expected=f"{live.as_of} or a later day",
                next_step="run a later day; to show an earlier night again: guanxi rollback GENERATION",
            )
        _refuse_beside_another(connection, run_id)
        row = connection.execute("select * from ops.open_run(%s, %s, %s)", (run_id, as_of, timezone)).fetchone()
    if row is None:  # the function always returns one row
        raise RuntimeError("ops.open_run returned nothing")
    gen, attempt, fence = row
    return _opened(gen, attempt, fence, run_id, as_of, timezone, company_id, runs_folder)


def open_backfill(
    warehouse: Warehouse, *, run_id: str, as_of: date, timezone: str, company_id: str, runs_folder: Path
) -> Night:
    """Open a run that builds a past day anew, or a further attempt of it; the nights stay as they are.

    Raises NightRunningError when a night is at work or half-way.
    """
    with warehouse.connect(Role.PUBLISHER) as connection:
        _refuse_beside_another(connection, run_id)
        try:
            row = connection.execute(
                "select * from ops.open_backfill(%s, %s, %s)", (run_id, as_of, timezone)
            ).fetchone()
        except psycopg.DatabaseError as error:
            if error.sqlstate != _HALF_WAY:
                raise
            raise NightRunningError(
                f"run {run_id}",
                seen=f"the night {error.diag.message_primary} is half-way",
                expected="no night that has still to be finished",
                next_step="finish it (guanxi status shows its day and run id: guanxi nightly), then run again",
            ) from None
    if row is None:
        raise NightRunningError(
            f"run {run_id}",
            seen="a night has this name",
            expected="a name for this backfill alone",
            next_step="give the nights other names with --run-id",
        )
    gen, attempt, fence = row
    return _opened(gen, attempt, fence, run_id, as_of, timezone, company_id, runs_folder)


def _opened(
    gen: int, attempt: int, fence: object, run_id: str, as_of: date, timezone: str, company_id: str, runs: Path
) -> Night:
    return Night(
        gen=gen,
        run_id=run_id,
        attempt=attempt,
        fence=str(fence),
        as_of=as_of,
        company_id=company_id,
        timezone=timezone,
        build_schema=None,
        folder=_attempt_folder(runs, run_id, attempt),
    )


def find_night(
    warehouse: Warehouse, *, run_id: str | None, fence: str | None, company_id: str, runs_folder: Path
) -> Night:
    """Return a run by its id, or the night at work, or the newest; with `fence`, only if that attempt still owns it.

    Raises UnknownRunError, FencedError.
    """
    with warehouse.connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "select gen, run_id, attempt, fence::text, as_of, timezone, build_schema from ops.runs"
            " where run_id = %(run)s or %(run)s::text is null and not is_backfill"
            " order by state in ('building', 'audited') desc, gen desc limit 1",
            {"run": run_id},
        ).fetchone()
    if row is None:
        raise UnknownRunError(
            f"run {run_id}" if run_id else "the newest run",
            seen="no such run in the ledger (ops.runs)",
            expected="a run that `guanxi open` has opened",
            next_step="guanxi open --run-id NAME --as-of DAY, or see the runs with: guanxi status",
        )
    gen, found_id, attempt, current, as_of, timezone, build_schema = row
    if fence is not None and fence != current:
        raise FencedError(
            f"run {found_id}",
            seen="a later attempt has taken this run over",
            expected="this to be the newest attempt",
            next_step="nothing: the newer attempt finishes the night. Nothing of this one was written.",
        )
    return Night(
        gen=gen,
        run_id=found_id,
        attempt=attempt,
        fence=current,
        as_of=as_of,
        company_id=company_id,
        timezone=timezone,
        build_schema=build_schema,
        folder=_attempt_folder(runs_folder, found_id, attempt),
    )


@contextlib.contextmanager
def stage(warehouse: Warehouse, night: Night, name: str, part: str = "") -> Iterator[Claim]:
    """Claim a stage for this process and note how it ended. A closed gate rejects the run.

    Holds a session lock meanwhile, so that a second night sees that this one is at work.
    Raises FencedError and RejectedRunError.
    """
    started = time.monotonic()
    role = STAGE_ROLES[name]
    with contextlib.closing(warehouse.connect(role, application_name=f"guanxi {night.run_id} {name}")) as ledger:
        ledger.autocommit = True
        ledger.execute("select pg_advisory_lock_shared(%s, %s::integer)", (_NIGHT_LOCK, night.gen))
        claim = _claim(ledger, night, name, part)
        try:
            yield claim
        except BaseException as error:
            note = str(error) if isinstance(error, Problem) else type(error).__name__
            _finish(ledger, claim, state="failed", note=note, started=started)
            if isinstance(error, GateClosedError):
                _reject(ledger, night, error.thing)
            raise
        _finish(ledger, claim, state="done", note=None, started=started)


def _claim(ledger: psycopg.Connection, night: Night, name: str, part: str) -> Claim:
    try:
        row = ledger.execute(
            "select token::text, number from ops.claim_stage(%s, %s, %s, %s)", (night.gen, night.fence, name, part)
        ).fetchone()
    except psycopg.errors.SerializationFailure as error:
        raise FencedError(
            f"{name} of {night.run_id}",
            seen="a later attempt has taken over",
            expected="this to be the newest attempt",
            next_step="nothing: the newer one finishes. Nothing of this one was written.",
        ) from error
    except psycopg.DatabaseError as error:
        if error.sqlstate != _REJECTED:
            raise
        raise RejectedRunError(
            f"{name} of {night.run_id}",
            seen=f"this run has ended: {error.diag.message_primary}",
            expected="a run at work",
            next_step=f"begin a further attempt: guanxi open --run-id {night.run_id} --as-of {night.as_of}",
        ) from None
    if row is None:  # the function always returns one row
        raise RuntimeError("ops.claim_stage returned nothing")
    return Claim(night=night, stage=name, part=part, token=row[0], number=row[1])


def _reject(ledger: psycopg.Connection, night: Night, note: str) -> None:
    with contextlib.suppress(psycopg.OperationalError):  # as in _finish
        ledger.execute("select ops.reject_run(%s, %s, %s)", (night.gen, night.fence, note))


def _finish(ledger: psycopg.Connection, claim: Claim, *, state: str, note: str | None, started: float) -> None:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    with contextlib.suppress(psycopg.OperationalError):  # a dead server is told by the error that is on its way
        ledger.execute(
            "select ops.finish_stage(%s, %s, %s, %s::integer, %s, %s, %s::numeric, %s::integer)",
            (
                claim.night.gen, claim.stage, claim.part, claim.number, state, note,
                round(time.monotonic() - started, 2), peak // 1024,
            ),
        )  # fmt: skip


def _refuse_beside_another(connection: psycopg.Connection, run_id: str) -> None:
    """A stage at work holds the night's lock; a stage of the same run that was left behind is fenced instead."""
    row = connection.execute(
        "select r.run_id from pg_locks l join ops.runs r on r.gen = l.objid::bigint"
        " where l.locktype = 'advisory' and l.granted and l.classid::bigint = %s and l.objsubid = 2 and l.database ="
        " (select d.oid from pg_database d where d.datname = current_database()) and r.run_id <> %s limit 1",
        (_NIGHT_LOCK, run_id),
    ).fetchone()
    if row is not None:
        raise NightRunningError(
            f"run {run_id}",
            seen=f"another night is at work: {row[0]}",
            expected="one night at a time in a warehouse",
            next_step="wait for it (guanxi status shows it), or stop its process, then run again",
        )


def run_folder(runs_folder: Path, run_id: str) -> Path:
    """Return where a run keeps its files, made or not: a name without signs that a folder cannot have."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in run_id).lstrip(".") or "_"
    return runs_folder / safe


def _attempt_folder(runs_folder: Path, run_id: str, attempt: int) -> Path:
    folder = run_folder(runs_folder, run_id) / f"attempt-{attempt}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
