"""What every command shares: the house, the console, and the right to write for a stage."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from warehouse import ledger
from warehouse.commands.prepare import require_prepared
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import House, opened_house
from warehouse.night import Claim, Night
from warehouse.settings import Settings, load_settings

RunId = Annotated[str | None, typer.Option("--run-id", help="The night to work for; the newest when not given.")]
Attempt = Annotated[int | None, typer.Option("--attempt", help="The attempt that asks; told in errors only.")]
Fence = Annotated[str | None, typer.Option("--fence", help="Refuse to work when a later attempt has another.")]
CompanyPath = Annotated[str | None, typer.Option("--company", help="Folder with a company.yml; else GUANXI_COMPANY.")]

_QUIET_SECONDS = 5.0
_WIDTH_OF_A_LOG = 132


def shown(path: Path) -> str:
    """Return a path as a person reads it: from where they stand, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def new_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as its terminal; a log or a pipe gets lines that hold the summary's tables."""
    console = Console(highlight=False, soft_wrap=True, stderr=stderr)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_LOG
    return console


@dataclass(slots=True)
class Teller:
    """Says what goes on: lasting lines, and passing progress that a terminal overwrites and a log gets seldom."""

    console: Console = field(default_factory=new_console)
    _last: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    def progress(self, text: str) -> None:
        """Show where long work stands; at most a line every few seconds where there is no terminal."""
        if self.console.is_terminal:
            self.console.print(f"… {text}", markup=False, end="\r", overflow="ellipsis", no_wrap=True)
        elif time.monotonic() - self._last >= _QUIET_SECONDS:
            self._last = time.monotonic()
            self.console.print(f"… {text}", markup=False)


@dataclass(frozen=True, slots=True)
class StageWork:
    """A stage at work: the house, the night, the right to write, and a voice."""

    house: House
    night: Night
    claim: Claim
    teller: Teller


@contextlib.contextmanager
def open_house(company: str | None) -> Iterator[House]:
    """Open the house as it is; for commands that prepare the warehouse, or do without it."""
    with opened_house(load_settings(), company=company) as house:
        yield house


@contextlib.contextmanager
def open_prepared_house(company: str | None, settings: Settings | None = None) -> Iterator[House]:
    """Open the house for work on its nights. Raises UnpreparedWarehouseError and ForeignWarehouseError."""
    with opened_house(settings or load_settings(), company=company) as house:
        require_prepared(house.warehouse, house.company)
        yield house


def live_build(house: House, what: str) -> tuple[str, date]:
    """Return the build schema and the day of the live night. Raises Problem when there is none."""
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        live = ledger.live_generation(connection)
    if live is None or live.build_schema is None:
        raise Problem(what, seen="nothing is live yet", expected="a published night", next_step="guanxi nightly")
    return live.build_schema, live.as_of


@contextlib.contextmanager
def stage_at_work(
    name: str,
    *,
    run_id: str | None,
    fence: str | None,
    company: str | None,
    part: str = "",
    settings: Settings | None = None,
) -> Iterator[StageWork]:
    """Claim a stage of a night for this process. The stage's end is noted in the ledger, whatever it is."""
    with open_prepared_house(company, settings) as house:
        night = ledger.find_night(
            house.warehouse, run_id=run_id, fence=fence, company_id=house.company.id, runs_folder=house.runs
        )
        with ledger.stage(house.warehouse, night, name, part) as claim:
            yield StageWork(house, night, claim, Teller())
