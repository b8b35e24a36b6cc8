"""The command `guanxi`."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable

import psycopg
import typer

from warehouse.commands import (
    alerts,
    backfill,
    catalogue,
    erase,
    explaining,
    feedback,
    grading,
    learning,
    mails,
    nightly,
    opening,
    programmes,
    reading,
    report,
    review,
    sources,
    stack,
    stages,
    status,
)
from warehouse.database import WarehouseFullError
from warehouse.errors import GateClosedError, Problem
from warehouse.plan import GATE_CLOSED_STATUS, NO_RETRY_STATUS

_INTERRUPTED = 130  # what Typer makes of Ctrl-C

app = typer.Typer(
    name="guanxi",
    help="Guanxi (关系): the nightly customer warehouse of companies that sell to companies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "The night": {
        "nightly": nightly.nightly,
        "backfill": backfill.backfill,
        "status": status.status,
        "report": report.report,
        "rollback": reading.rollback,
    },
    "Its stages, in order": {
        "simulate": opening.simulate,
        "open": opening.open_night,
        "extract": stages.extract,
        "check": stages.check,
        "match": stages.match,
        "transform": stages.transform,
        "train": learning.train,
        "score": learning.score,
        "publish": stages.publish,
        "deliver": stages.deliver,
    },
    "The churn model": {"evaluate": grading.evaluate, "explain": explaining.explain},
    "Relationships": {"review": review.review},
    "Answers": {"feedback": feedback.feedback},
    "Programmes": {"programmes": programmes.programmes},
    "Reading": {
        "sql": reading.sql_query,
        "psql": reading.psql,
        "docs": catalogue.docs,
        "quarantine": reading.quarantine,
    },
    "Persons": {"erase": erase.erase},
    "The local stack": {
        "up": stack.up,
        "down": stack.down,
        "stack": stack.status,
        "mailbox": stack.mailbox,
    },
}

for _panel, _commands in _COMMANDS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_command)


app.add_typer(sources.app, name="sources", rich_help_panel="The sources")
app.add_typer(mails.app, name="mails", rich_help_panel="The night")
app.add_typer(alerts.app, name="alerts", rich_help_panel="The night")


class MisusedCommandError(Problem):
    """A command line that says something no command understands."""


def main() -> None:
    """Run the command; a Problem is told in four lines, with exit status 1 (2 for a misused command, 3 for a gate)."""
    # a shell's background job hands down an ignored SIGINT; a stage must still end, and dbt cancel, when told to
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # a server has none, and needs none
    try:
        ended = app(standalone_mode=False)  # Typer would tell its errors in a box of its own
    except typer.TyperException as error:
        if error.format_message():  # without any argument the help has been printed, and nothing is wrong
            _tell(misused(error))
        sys.exit(error.exit_code)
    except GateClosedError as problem:
        _tell(problem)
        sys.exit(GATE_CLOSED_STATUS)
    except Problem as problem:
        _tell(problem)
        sys.exit(1 if problem.may_pass else NO_RETRY_STATUS)
    except psycopg.errors.DiskFull as error:
        _tell(full_disk(error))
        sys.exit(1)
    except psycopg.OperationalError as error:
        _tell(lost_database(error))
        sys.exit(1)
    if ended == _INTERRUPTED:
        sys.stderr.write("stopped. Readers keep the last good night; run the command again to go on.\n")
    sys.exit(ended)


def misused(error: typer.TyperException) -> Problem:
    """Return what to tell when the command line was not understood."""
    context: typer.Context | None = getattr(error, "ctx", None)
    command = "guanxi" if context is None else context.command_path
    usage = "guanxi COMMAND [OPTIONS]" if context is None else " ".join(context.get_usage().split())
    return MisusedCommandError(
        command,
        seen=" ".join(error.format_message().replace("Value error, ", "").split()),
        expected=usage.removeprefix("Usage: "),
        next_step=f"{command} --help",
    )


def full_disk(error: psycopg.Error) -> Problem:
    """Return what to tell when the server has no room."""
    return WarehouseFullError(
        "the warehouse's disk",
        seen=error.diag.message_primary or "no space left",
        expected="room for one more generation",
        next_step="free space, or lower GUANXI_KEEP_GENERATIONS; readers keep the last good night; then run again",
    )


def lost_database(error: psycopg.Error) -> Problem:
    """Return what to tell when the connection broke in the middle."""
    return Problem(
        "the connection to the warehouse",
        seen=error.diag.message_primary or "the server closed it",
        expected="a server that stays up for the whole stage",
        next_step="see the server's log, then run the stage again: what was half-done was rolled back",
    )


def _tell(problem: Problem) -> None:
    sys.stderr.write(f"error: {problem}\n")
