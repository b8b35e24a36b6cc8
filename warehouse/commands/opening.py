"""Opening a night: which day it is, and a warehouse that is ready for it; letting the simulator write that day."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from warehouse import ledger
from warehouse.commands.prepare import prepare
from warehouse.commands.work import CompanyPath, Teller, open_house
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.house import House

AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The business day, YYYY-MM-DD.")]


class FutureDayError(Problem):
    """A night for a day that has not ended."""


def open_night(
    run_id: Annotated[str, typer.Option("--run-id", help="A name for the night; a repeat is a further attempt.")],
    as_of: AsOf = None,
    company: CompanyPath = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one line of JSON.")] = False,
) -> None:
    """Open a night: decide its day, prepare the warehouse, fence off what was left unfinished."""
    from delivery.programmes import refuse_unknown_programmes
    from sources.mapping.reader import read_mapping

    with open_house(company) as house:
        refuse_unknown_programmes(house.company)
        for source in house.company.sources:  # a mapping that cannot be understood must not cost half a night
            read_mapping(house.company, source.name)
        prepare(house.warehouse, house.company)
        day = resolve_day(house.warehouse, house.company, None if as_of is None else as_of.date())
        night = ledger.open_night(
            house.warehouse,
            run_id=run_id,
            as_of=day,
            timezone=house.company.timezone,
            company_id=house.company.id,
            runs_folder=house.runs,
        )
        if house.company.simulator is not None:
            write_simulated_days(house, day, say=not as_json)
        answer = {
            "run_id": night.run_id,
            "gen": night.gen,
            "attempt": night.attempt,
            "fence": night.fence,
            "as_of": night.as_of.isoformat(),
            "company": house.company.id,
            "sources": [source.name for source in house.company.sources],
        }
        if as_json:
            typer.echo(json.dumps(answer, ensure_ascii=False))
        else:
            Teller().say(f"opened {night.run_id}: generation {night.gen}, attempt {night.attempt}, as of {night.as_of}")


def resolve_day(warehouse: Warehouse, company: Company, given: date | None) -> date:
    """Return the day given, else the day after the live one, else the company's first, else yesterday.

    Raises FutureDayError for a day that has not ended in the company's time zone.
    """
    today = datetime.now(tz=ZoneInfo(company.timezone)).date()
    with warehouse.connect(Role.PUBLISHER) as connection:
        live = ledger.live_generation(connection)
    if given is not None:
        day = given
    elif live is not None:
        day = live.as_of + timedelta(days=1)
    else:
        day = company.first_as_of or today - timedelta(days=1)
    if day >= today:
        raise FutureDayError(
            f"a night for {day}",
            seen=f"it is {today} in {company.timezone}: that day has not ended",
            expected=f"{today - timedelta(days=1)} or earlier",
            next_step="name an earlier day with --as-of, or wait until the day is over",
        )
    return day


def write_simulated_days(house: House, day: date, *, say: bool) -> None:
    """Let the simulator write the company up to a day."""
    from simulator import simulate as run_simulator

    options = house.company.simulator
    if options is None:
        raise Problem(
            f"company {house.company.id}",
            seen="its company.yml has no simulator section",
            expected="a simulated company",
            next_step="guanxi simulate --company examples/simulated",
        )
    teller = Teller()
    report = run_simulator(
        erp_url=house.make_simulated_erp(),
        crm_folder=house.crm_folder,
        truth_file=house.simulated / "truth.parquet",
        as_of=day,
        accounts=house.settings.accounts or options.accounts,
        seed=options.seed,
        first_day=options.first_day,
        reader_role=Role.LOADER.value,
        crm_has_own_ids=options.crm_ids == "own",
        progress=teller.progress if say else _silent,
    )
    if say:
        teller.say(str(report))


def simulate(as_of: AsOf = None, company: CompanyPath = None) -> None:
    """Let the simulator write its company, up to a day, into the ERP and the CRM."""
    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        day = resolve_day(house.warehouse, house.company, None if as_of is None else as_of.date())
        write_simulated_days(house, day, say=True)


def _silent(_: str) -> None:
    """Say nothing: stdout belongs to the JSON answer."""
