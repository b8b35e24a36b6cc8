"""A whole night with one command: through Airflow's own DAG in process, or stage by stage without Airflow."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from warehouse import plan
from warehouse.commands.opening import AsOf, resolve_day
from warehouse.commands.operators import tell_operators
from warehouse.commands.prepare import prepare
from warehouse.commands.summary import show_summary
from warehouse.commands.work import CompanyPath, Teller, shown
from warehouse.database import Role
from warehouse.errors import GateClosedError, Problem
from warehouse.house import House, opened_house
from warehouse.settings import load_settings
from warehouse.stage_process import StageProcess, guanxi_command

PROGRESS_VARIABLE = "GUANXI_PROGRESS_FILE"


class Through(StrEnum):
    """What walks through the stages."""

    STAGES = "stages"
    AIRFLOW = "airflow"


class NightFailedError(Problem):
    """A stage failed; what it said is above."""


class NightStoppedError(GateClosedError):
    """A gate held the night."""


def nightly(
    as_of: AsOf = None,
    company: CompanyPath = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="A name; a repeat is a further attempt.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where a file source's data lie.")] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", help="Size of the simulated company.")] = None,
    through: Annotated[Through, typer.Option(help="Walk the stages here, or run Airflow's DAG in process.")] = (
        Through.STAGES
    ),
) -> None:
    """Run one whole night and show what came of it; without --as-of the day after the live one."""
    settings = load_settings(_environment(company=company, data=data, accounts=accounts))
    teller = Teller()
    with opened_house(settings) as house:
        prepare(house.warehouse, house.company)
        day = resolve_day(house.warehouse, house.company, None if as_of is None else as_of.date())
        name = run_id or f"night-{day}"
        teller.say(f"{house.company.name.en} ({house.company.id}): the night of {day}, run {name}")
        started = time.monotonic()
        with _mail_server(house) as smtp_url:
            environment = _environment(company=settings.company, data=settings.data, accounts=settings.accounts) | {
                "GUANXI_TIMEZONE": house.company.timezone,
                "GUANXI_SMTP_URL": smtp_url,
            }
            walk = _through_airflow if through is Through.AIRFLOW else _through_stages
            problem = walk(house, name, day, environment, teller)
            if through is Through.STAGES:  # the DAG has a task for it
                tell_operators(house, name, smtp_url=smtp_url, teller=teller)
        show_summary(house, name, seconds=time.monotonic() - started, teller=teller)
        if problem is not None:
            raise problem


def _environment(*, company: str | None, data: Path | None, accounts: int | None) -> dict[str, str]:
    """Return our environment with what the command line says on top: the stages' processes read it too."""
    given = {
        "GUANXI_COMPANY": company,
        "GUANXI_DATA": None if data is None else str(data.absolute()),
        "GUANXI_ACCOUNTS": None if accounts is None else str(accounts),
    }
    return dict(os.environ) | {name: value for name, value in given.items() if value is not None}


@contextlib.contextmanager
def _mail_server(house: House) -> Iterator[str]:
    """Give the mail server's URL: the setting's, or a local one that keeps mails as files for this night."""
    if house.settings.smtp_url is not None:
        yield house.settings.smtp_url.get_secret_value()
        return
    from delivery.mailbox import local_mailbox

    with local_mailbox(house.mail) as mailbox:
        yield mailbox.url


def _through_stages(
    house: House, run_id: str, day: date, environment: dict[str, str], teller: Teller
) -> Problem | None:
    words = plan.open_arguments(run_id=run_id, as_of=day.isoformat(), company=None)
    opened = [word for word in words if word != "--json"]
    if problem := run_stage("open", opened, environment, teller):
        return problem
    from warehouse.ledger import find_night

    night = find_night(house.warehouse, run_id=run_id, fence=None, company_id=house.company.id, runs_folder=house.runs)
    for stage in plan.STAGES:
        sources: list[str | None] = [None]
        if stage.per_source:
            sources = [each.name for each in house.company.sources]
        for source in sources:
            arguments = stage.arguments(
                run_id=run_id, attempt=night.attempt, fence=night.fence, source=source, is_last_try=True
            )
            if problem := run_stage(stage.name, arguments, environment, teller):
                return problem
    return None


def run_stage(
    name: str, words: list[str] | tuple[str, ...], environment: dict[str, str], teller: Teller
) -> Problem | None:
    """Run a command of the night as a process, tell its lines, and return the problem when it failed."""
    with StageProcess((*guanxi_command(), *words), _line_of(name, teller), environment) as process:
        status = process.wait()
    if status == 0:
        return None
    kind = NightStoppedError if status == plan.GATE_CLOSED_STATUS else NightFailedError
    return kind(
        f"stage {name}",
        seen=f"it ended with status {status}; its own words are above",
        expected="status 0",
        next_step="do what the error above says, then run the same night again; readers keep the last good one",
    )


def _line_of(name: str, teller: Teller) -> Callable[[str], None]:
    return lambda line: teller.say(f"{name:>12}  {line}")


def _through_airflow(
    house: House, run_id: str, day: date, environment: dict[str, str], teller: Teller
) -> Problem | None:
    folder = house.runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    progress = folder / "progress.log"
    progress.unlink(missing_ok=True)
    progress.touch()
    log = folder / "airflow.log"
    command = [
        sys.executable, "-m", "dags.dag_support.once", "--run-id", run_id, "--as-of", day.isoformat(),
        "--company", house.settings.company, "--log-file", str(log),
    ]  # fmt: skip
    teller.say(f"{'airflow':>12}  dag.test of nightly; Airflow's own log: {shown(log)}")
    over = threading.Event()
    follower = threading.Thread(target=_follow, args=(progress, over, teller), daemon=True)
    follower.start()
    with StageProcess(command, lambda _: None, environment | {PROGRESS_VARIABLE: str(progress)}) as process:
        status = process.wait()
        last_words = process.last_words()
    over.set()
    follower.join()
    if status == 0:
        return None
    kind = NightStoppedError if _is_rejected(house, run_id) else NightFailedError
    return kind(
        f"the DAG nightly, run {run_id}",
        seen=f"it ended with status {status}. {last_words}".strip(),
        expected="every task to succeed",
        next_step=f"read the lines above and {log}; then run the same night again; readers keep the last good one",
    )


def _is_rejected(house: House, run_id: str) -> bool:
    """Airflow tells only that a task failed; the ledger knows whether a gate held the night."""
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        row = connection.execute("select state = 'rejected' from ops.runs where run_id = %s", (run_id,)).fetchone()
    return row is not None and bool(row[0])


def _follow(file: Path, over: threading.Event, teller: Teller) -> None:
    """Say each line that a file gets until it is over."""
    with file.open(encoding="utf-8") as lines:
        while True:
            ended = over.is_set()
            while line := lines.readline():
                stage, _, words = line.rstrip("\n").partition(": ")
                teller.say(f"{stage:>14}  {words}")
            if ended:
                return
            over.wait(0.2)
