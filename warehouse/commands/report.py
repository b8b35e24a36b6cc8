"""`guanxi report`: the page of a night, and the index of the last ones."""

from __future__ import annotations

from pathlib import Path

import psycopg

from warehouse.commands.prepare import prepare_older
from warehouse.commands.status import Run, tell_night
from warehouse.commands.work import CompanyPath, Teller, open_house, shown
from warehouse.database import Role
from warehouse.house import House
from warehouse.ledger import run_folder


def report(run_id: Run = None, company: CompanyPath = None) -> None:
    """Write the page of a night and the index of the last 30; the same facts again write the same pages."""
    from operations.reading_night import read_night

    with open_house(company) as house:
        prepare_older(house.warehouse, house.company)
        teller = Teller()
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            night = read_night(connection, house.company, run_id)
            page, index = write_pages(connection, house, run_id=night.run_id)
        tell_night(night, teller)
        teller.say(f"report: {shown(page)}")
        teller.say(f"index:  {shown(index)}")


def write_pages(connection: psycopg.Connection, house: House, *, run_id: str) -> tuple[Path, Path]:
    """Write the page of a run and the index, and return both. Raises UnknownNightError."""
    from operations.index_page import read_index, write_index_page
    from operations.night_page import write_night_page
    from operations.reading_night import read_night

    night = read_night(connection, house.company, run_id)
    page = write_night_page(night, run_folder(house.runs, night.run_id))
    return page, write_index_page(read_index(connection, house.runs), house.company, house.runs)
