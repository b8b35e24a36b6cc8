"""The end of a night for its operators: the page is written, and what is wrong is told."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from pydantic import SecretStr

from warehouse.commands.alerts import has_somebody, look_in, say_new, tell_outcome
from warehouse.commands.report import write_pages
from warehouse.commands.work import Teller, shown
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import House


def tell_operators(house: House, run_id: str, *, smtp_url: str, teller: Teller) -> None:
    """Write the page of a night that is over and tell what is wrong with it.

    What goes wrong here is said, and is no failure of the night: its state is the ledger's to tell.
    """
    try:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            page, index = write_pages(connection, house, run_id=run_id)
        teller.say(f"the night's page: {shown(page)}; all nights: {shown(index)}")
    except (Problem, psycopg.Error, OSError) as error:
        teller.say(f"the night's page was not written: {error if isinstance(error, Problem) else type(error).__name__}")
    try:
        told = look_in(house, now=datetime.now(tz=UTC), ended=run_id, smtp_url=SecretStr(smtp_url))
        if has_somebody(house.settings):
            tell_outcome(told, house.settings, teller)
        else:
            say_new(told, teller)
    except (Problem, psycopg.Error, OSError) as error:
        teller.say(f"not all was told: {error if isinstance(error, Problem) else type(error).__name__}")
