"""Past days again: built from what raw holds and compared with what was published, while readers see the live night."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from warehouse import ledger, plan
from warehouse.backfill import differences, end_backfill, published_for
from warehouse.commands.nightly import run_stage
from warehouse.commands.prepare import prepare
from warehouse.commands.work import CompanyPath, Teller
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import House, opened_house
from warehouse.settings import load_settings

_DAY = ["%Y-%m-%d"]


class BackfillRangeError(Problem):
    """Days that cannot be built from what raw holds."""


def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="The first day, YYYY-MM-DD.")],
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="The last day; without it the first day alone.")
    ] = None,
    company: CompanyPath = None,
    *,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep a day that differs as a generation that `guanxi rollback` can show."),
    ] = False,
) -> None:
    """Build past days anew from raw and tell which marts differ from those published then; readers notice nothing.

    No source is read and no mail is sent. The live night stays live, with --keep too.
    """
    teller = Teller()
    with opened_house(load_settings(), company=company) as house:
        prepare(house.warehouse, house.company)
        days = list(days_to_build(house, first.date(), (last or first).date()))
        for number, day in enumerate(days, start=1):
            teller.say(f"{house.company.name.en} ({house.company.id}): {day} again, {number} of {len(days)}")
            build_again(house, day, company=company, keep=keep, teller=teller)


def days_to_build(house: House, first: date, last: date) -> Iterator[date]:
    """Give the days from first to last. Raises BackfillRangeError when raw cannot answer for one of them."""
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        live = ledger.live_generation(connection)
    if live is None or last > live.as_of:
        raise BackfillRangeError(
            f"a backfill up to {last}",
            seen="no night was published yet" if live is None else f"raw has what was known up to {live.as_of}",
            expected="days that a night has been published for, or earlier ones",
            next_step=f"guanxi nightly --as-of {last}",
        )
    if first > last:
        raise BackfillRangeError(
            f"a backfill from {first} to {last}",
            seen="the first day is after the last one",
            expected="--from not after --to",
            next_step=f"guanxi backfill --from {last} --to {first}",
        )
    if house.company.own_account_ids and (matched := _first_matched(house) or live.as_of) > first:
        raise BackfillRangeError(
            f"a backfill from {first}",
            seen=f"whose record is whose was not decided before {matched}",
            expected=f"{matched} or a later day",
            next_step=f"guanxi backfill --from {matched} --to {max(last, matched)}",
        )
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _first_matched(house: House) -> date | None:
    with house.warehouse.connect(Role.TRANSFORMER) as connection:
        row = connection.execute("select min(decided_date) from ops.account_keys").fetchone()
    return None if row is None else row[0]


def build_again(house: House, day: date, *, company: str | None, keep: bool, teller: Teller) -> None:
    """Build one day, tell what differs from what was published for it, and keep it when it does and that is asked."""
    warehouse, runs = house.warehouse, house.runs
    run_id = f"backfill-{day}"
    night = ledger.open_backfill(
        warehouse, run_id=run_id, as_of=day, timezone=house.company.timezone, company_id=house.company.id,
        runs_folder=runs,
    )  # fmt: skip
    for stage in plan.REBUILDING:
        words = stage.arguments(run_id=run_id, attempt=night.attempt, fence=night.fence, company=company)
        if problem := run_stage(stage.name, words, dict(os.environ), teller):
            raise problem
    built = ledger.find_night(
        warehouse, run_id=run_id, fence=night.fence, company_id=house.company.id, runs_folder=runs
    )
    with warehouse.connect(Role.PUBLISHER) as connection:
        before = published_for(connection, day)
        found = [] if before is None else differences(connection, night, before)
    if before is None:
        note = "no night was published for this day"
    elif not found:
        note = f"{before.marts_count} of {before.marts_count} marts are what generation {before.gen} published"
    else:
        note = f"{len(found)} of {before.marts_count} marts differ from what generation {before.gen} published"
    keep = keep and (before is None or bool(found))
    end_backfill(warehouse, night, schema=built.build_schema or "", keep=keep, note=note)
    teller.say(f"{day}: {note}")
    for difference in found:
        teller.say(f"    {difference.line()}")
    if keep:
        teller.say(f"    kept as generation {night.gen}; to let readers see it: guanxi rollback {night.gen}")
