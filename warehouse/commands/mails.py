"""The commands `guanxi mails …`: what becomes of lists that are held because a source gave nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from warehouse import ledger
from warehouse.commands.stages import deliver, required_smtp_url
from warehouse.commands.work import CompanyPath, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem

if TYPE_CHECKING:
    from delivery.outbox import Outbox

app = typer.Typer(help="The lists that are held: let them go or drop them.", no_args_is_help=True)

Generation = Annotated[
    int | None, typer.Option("--generation", help="The generation whose lists are meant; else the live one.")
]


class NothingHeldError(Problem):
    """No list of the generation is held."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The held lists of the live generation."""

    outbox: Outbox
    run_id: str


@app.command("release")
def release(generation: Generation = None, company: CompanyPath = None) -> None:
    """Mail the lists that are held, though a source of theirs is stale; each letter says as of when its data are."""
    required_smtp_url()
    with _held(generation, company) as held:
        because, count = held.outbox.why_held(), held.outbox.release_held()
        Teller().say(f"{count:,} lists of generation {held.outbox.gen} are released; they were held because {because}")
    deliver(run_id=held.run_id, company=company)


@app.command("drop")
def drop(generation: Generation = None, company: CompanyPath = None) -> None:
    """Decide that the lists that are held are never sent; a later night makes its own."""
    with _held(generation, company) as held:
        because, count = held.outbox.why_held(), held.outbox.drop_held()
        Teller().say(f"{count:,} lists of generation {held.outbox.gen} are dropped; they were held because {because}")


@contextlib.contextmanager
def _held(generation: int | None, company: str | None) -> Iterator[_Held]:
    from delivery.outbox import Outbox, State

    with open_prepared_house(company) as house, house.warehouse.connect(Role.MAILER) as connection:
        live = ledger.live_generation(connection)
        connection.commit()
        gen = generation if generation is not None else live.gen if live is not None else 0
        outbox = Outbox(connection, gen=gen, now=datetime.now(tz=UTC))
        outbox.expire()
        counts = outbox.counts()
        if live is None or live.gen != gen or not counts[State.HELD]:
            told = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count) or "no list"
            raise NothingHeldError(
                f"the held lists of generation {gen}",
                seen=told if live is not None and live.gen == gen else f"generation {live and live.gen} is live",
                expected="lists of the live generation in the state held",
                next_step="guanxi status tells which lists are held",
            )
        yield _Held(outbox, live.run_id)


def held_lines(connection: psycopg.Connection, gen: int) -> list[str]:
    """Return a line about the lists of a generation that are held, if any is; for the publisher."""
    from delivery.report import held_line

    row = connection.execute(
        "select count(*), max(last_error) from ops.outbox where gen = %s and state = 'held'", (gen,)
    ).fetchone()
    return [held_line(gen, row[0], row[1])] if row is not None and row[0] else []
