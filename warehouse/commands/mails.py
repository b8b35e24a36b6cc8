"""The commands `guanxi mails …`: what becomes of lists that are held: a source gave nothing, or the scores drifted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from warehouse import ledger
from warehouse.commands.sending import required_smtp_url, send_mails
from warehouse.commands.stages import deliver
from warehouse.commands.work import CompanyPath, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem

if TYPE_CHECKING:
    from delivery.mailing import Mailing
    from delivery.outbox import Outbox

app = typer.Typer(help="The lists that are held: let them go or drop them.", no_args_is_help=True)

Generation = Annotated[
    int | None, typer.Option("--generation", help="The generation whose lists are meant; else the live one.")
]


class NothingHeldError(Problem):
    """No list of the generation is held."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The held lists of the live generation, of each kind that has some."""

    outboxes: dict[Mailing, Outbox]
    gen: int
    run_id: str


@app.command("release")
def release(generation: Generation = None, company: CompanyPath = None) -> None:
    """Mail the lists that are held, all the same; each letter says as of when its data are."""
    from delivery.mailing import OF_A_NIGHT, REVIEWS

    required_smtp_url()
    with _held(generation, company) as held:
        for mailing, outbox in held.outboxes.items():
            because, count = outbox.why_held(), outbox.release_held()
            Teller().say(f"{_told(mailing, count, held.gen)} are released; they were held because {because}")
    try:
        if not held.outboxes.keys().isdisjoint(OF_A_NIGHT):
            deliver(run_id=held.run_id, company=company)
    finally:  # one kind that does not arrive is no reason to keep the other
        if REVIEWS in held.outboxes:
            _send_reviews(held.gen, company)


@app.command("drop")
def drop(generation: Generation = None, company: CompanyPath = None) -> None:
    """Decide that the lists that are held are never sent; a later night makes its own."""
    with _held(generation, company) as held:
        for mailing, outbox in held.outboxes.items():
            because, count = outbox.why_held(), outbox.drop_held()
            Teller().say(f"{_told(mailing, count, held.gen)} are dropped; they were held because {because}")


@contextlib.contextmanager
def _held(generation: int | None, company: str | None) -> Iterator[_Held]:
    from delivery.mailing import MAILINGS
    from delivery.outbox import Outbox, State

    with open_prepared_house(company) as house, house.warehouse.connect(Role.MAILER) as connection:
        live = ledger.live_generation(connection)
        connection.commit()
        gen = generation if generation is not None else live.gen if live is not None else 0
        now = datetime.now(tz=UTC)
        outboxes = {each: Outbox(connection, gen=gen, now=now, kind=each.kind) for each in MAILINGS}
        counts = {}
        for mailing, outbox in outboxes.items():
            outbox.expire()
            counts[mailing] = outbox.counts()
        held = {each: outbox for each, outbox in outboxes.items() if counts[each][State.HELD]}
        if live is None or live.gen != gen or not held:
            found = [
                f"{mailing.counted(count)} {state}" for mailing in MAILINGS for state, count in counts[mailing].items()
                if count
            ]  # fmt: skip
            told = ", ".join(found) or "no list"
            raise NothingHeldError(
                f"the held lists of generation {gen}",
                seen=told if live is not None and live.gen == gen else f"generation {live and live.gen} is live",
                expected="lists of the live generation in the state held",
                next_step="guanxi status tells which lists are held",
            )
        yield _Held(held, gen, live.run_id)


def _send_reviews(gen: int, company: str | None) -> None:
    from delivery.published_reviews import PublishedReviews

    with open_prepared_house(company) as house, house.warehouse.connect(Role.MAILER) as connection:
        send_mails(PublishedReviews.live(connection, gen=gen, company=house.company), house, Teller())


def _told(mailing: Mailing, count: int, gen: int) -> str:
    return f"{mailing.counted(count)} of generation {gen}"


def held_lines(connection: psycopg.Connection, gen: int) -> list[str]:
    """Return a line for each kind of lists of a generation that are held, if any is; for the publisher."""
    from delivery.mailing import mailing_of
    from delivery.report import held_line

    rows = connection.execute(
        "select kind, count(*), max(last_error) from ops.outbox where gen = %s and state = 'held'"
        " group by kind order by kind",
        (gen,),
    ).fetchall()
    return [held_line(mailing_of(kind), gen, count, because) for kind, count, because in rows]
