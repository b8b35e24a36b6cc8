"""The command `guanxi feedback`: what account managers answer to their lists comes in, and what is wrong goes back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from warehouse import ledger
from warehouse.commands.sending import required_smtp_url
from warehouse.commands.work import CompanyPath, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.errors import Problem

if TYPE_CHECKING:
    from delivery.feedback.intake import Inbox
    from warehouse.house import House


class NoListsYetError(Problem):
    """No list was ever made that could be answered."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What taking answers in and sending some back need. `connection` is the mailer's."""

    house: House
    connection: psycopg.Connection
    live: ledger.Live
    teller: Teller


def feedback(
    company: CompanyPath = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be taken and refused; keep, move and send nothing.")
    ] = False,
) -> None:
    """Take in what account managers answered by mail, sheet or CRM; send back what is wrong, with the reason."""
    with open_prepared_house(company) as house, house.warehouse.connect(Role.MAILER) as connection:
        live = ledger.live_generation(connection)
        connection.commit()
        if live is None:
            raise NoListsYetError(
                f"answers to the lists of {house.company.id}",
                seen="nothing is live yet, so there is no list to answer",
                expected="a published night",
                next_step="guanxi nightly",
            )
        desk = _Desk(house, connection, live, Teller())
        if not is_configured(house):
            desk.teller.say(
                "nothing to read: set GUANXI_FEEDBACK_FOLDER or GUANXI_FEEDBACK_IMAP_URL, or map list_feedback in"
                " company.yml (docs/runbooks/feedback.md)"
            )
        problems = _take_in(desk, schema=live.build_schema, is_trial=dry_run)
        if not dry_run:
            _send_back(desk)
    if problems:
        raise problems[0]


def is_configured(house: House) -> bool:
    """Say whether there is a place that answers come from."""
    from delivery.feedback.crm import feedback_sources

    settings = house.settings
    return bool(settings.feedback_folder or settings.feedback_imap_url or feedback_sources(house.company))


def take_in_before_lists(house: House, teller: Teller, *, schema: str, as_of: date) -> None:
    """Take in all answers there are before a night's lists are made; what cannot be read now is only told.

    `schema` is the night's build, where the CRM's answers lie. The answers count for nights after the live one, so a
    night of its day, or of an earlier one, takes none in.
    """
    with house.warehouse.connect(Role.MAILER) as connection:
        live = ledger.live_generation(connection)
        connection.commit()
        if live is None or live.as_of >= as_of or not is_configured(house):
            return
        try:
            _take_in(_Desk(house, connection, live, teller), schema=schema)
        except Problem as problem:
            teller.say(f"feedback: {problem.thing}: {problem.seen}")


def send_back_after_lists(house: House, connection: psycopg.Connection, teller: Teller) -> None:
    """Send what is to go back to account managers, once the lists are out."""
    live = ledger.live_generation(connection)
    connection.commit()
    if live is not None:
        _send_back(_Desk(house, connection, live, teller))


def undelivered_lines(connection: psycopg.Connection) -> list[str]:
    """Return what became of refused answers of a week that did not go back for sure; for the publisher."""
    rows = connection.execute(
        "select d.return_state, count(*), string_agg(distinct d.account_manager_id, ', ' order by d.account_manager_id)"
        " from ops.feedback_documents d where d.return_state in ('pending', 'sending', 'unknown', 'failed')"
        " and d.as_of > (select p.as_of from ops.published p) - 7 group by 1 order by 1"
    ).fetchall()
    told = {
        "pending": "wait to go back: guanxi feedback sends them",
        "sending": "are being sent, or were left by a sender that died: guanxi feedback tells",
        "unknown": "may not have come back; tell these managers",
        "failed": "could not be mailed; tell these managers",
    }
    return [
        f"feedback: refused answers of {managers} ({count:,} mails) {told[state]}" for state, count, managers in rows
    ]


def _take_in(desk: _Desk, *, schema: str | None, is_trial: bool = False) -> list[Problem]:
    """Take answers in; return what kept a place of them from being read, the others were read all the same."""
    from delivery.feedback.intake import Clerk, Intake
    from delivery.feedback.ledger import alone
    from delivery.feedback.outcomes import read_outcomes

    intake, problems = Intake(), []
    outcomes, now = read_outcomes(), datetime.now(tz=UTC)
    with alone(desk.connection):
        clerk = Clerk.at_work(
            desk.connection,
            company=desk.house.company,
            gen=desk.live.gen,
            as_of=desk.live.as_of,
            now=now,
            outcomes=outcomes,
            is_trial=is_trial,
        )
        for place in _places(desk, schema, now):
            try:
                with place as inbox:
                    clerk.take_in(inbox, intake, progress=desk.teller.progress)
            except Problem as problem:
                desk.connection.rollback()
                problems.append(problem)
    for line in intake.lines():
        desk.teller.say(f"would be: {line}" if is_trial else line)
    for each in problems:
        desk.teller.say(f"feedback: {each.thing}: {each.seen}")
    return problems


def _places(desk: _Desk, schema: str | None, now: datetime) -> Iterator[contextlib.AbstractContextManager[Inbox]]:
    from delivery.feedback.crm import feedback_sources
    from delivery.feedback.imap import ImapInbox, parse_imap_url

    settings = desk.house.settings
    if settings.feedback_folder is not None:
        yield _folder(desk, now)
    if settings.feedback_imap_url is not None:
        yield ImapInbox(parse_imap_url(settings.feedback_imap_url.get_secret_value()))
    if schema is not None and feedback_sources(desk.house.company):
        yield _crm(desk, schema)


@contextlib.contextmanager
def _folder(desk: _Desk, now: datetime) -> Iterator[Inbox]:
    from delivery.feedback.folder import FolderInbox

    folder = desk.house.settings.feedback_folder
    if folder is not None:
        yield FolderInbox(folder, now=now)


@contextlib.contextmanager
def _crm(desk: _Desk, schema: str) -> Iterator[Inbox]:
    from delivery.feedback.crm import CrmInbox

    with desk.house.warehouse.connect(Role.SCORER) as connection:
        yield CrmInbox(connection, schema=schema)


def _send_back(desk: _Desk) -> None:
    from delivery.feedback.ledger import alone, read_people
    from delivery.feedback.outcomes import read_outcomes
    from delivery.feedback.returns import Sender
    from delivery.smtp import Courier, parse_smtp_url

    sender = Sender(
        desk.connection,
        company=desk.house.company,
        people=read_people(desk.connection, gen=desk.live.gen, company=desk.house.company),
        outcomes=read_outcomes(),
        mail_from=desk.house.settings.mail_from,
        now=datetime.now(tz=UTC),
    )
    if not sender.waiting():
        return
    url = required_smtp_url(desk.house.settings).get_secret_value()
    with alone(desk.connection), Courier(parse_smtp_url(url), command="guanxi feedback") as post:
        report = sender.send(post, progress=desk.teller.progress)
    for line in report.lines():
        desk.teller.say(line)
