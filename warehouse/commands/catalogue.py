"""The catalogue of the live night: dbt's own documentation of its tables, as one page."""

from __future__ import annotations

import shutil

from warehouse.commands.work import CompanyPath, Teller, open_prepared_house, shown
from warehouse.database import Role
from warehouse.dbt_run import dbt_environment, run_dbt
from warehouse.errors import Problem
from warehouse.ledger import live_generation
from warehouse.transform import build_variables


class CatalogueError(Problem):
    """The page could not be written."""


def docs(company: CompanyPath = None) -> None:
    """Write a page of the live night's tables: columns, texts, tests, and which table comes from which."""
    with open_prepared_house(company) as house:
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = live_generation(connection)
        if live is None or live.build_schema is None:
            raise CatalogueError(
                "the catalogue",
                seen="nothing is live yet" if live is None else f"the build of generation {live.gen} is gone",
                expected="a published night whose build schema is there",
                next_step="guanxi nightly",
            )
        teller, folder = Teller(), house.folder / "docs"
        shutil.rmtree(folder, ignore_errors=True)
        status = run_dbt(
            ["docs", "generate", "--static"],
            environment=dbt_environment(house.warehouse, live.build_schema, threads=house.settings.threads),
            variables=build_variables(house.company, live.as_of, house.company.timezone),
            target=folder,
            progress=teller.progress,
        )
        page = folder / "static_index.html"
        if status != 0 or not page.exists():
            raise CatalogueError(
                "dbt docs generate",
                seen=f"it ended with status {status}",
                expected="status 0 and a page",
                next_step=f"read {folder / 'dbt.log'}",
            )
        page = page.rename(folder / "index.html")
        teller.say(f"the tables of generation {live.gen}, as of {live.as_of}: {shown(page)}")
