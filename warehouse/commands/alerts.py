"""The commands `guanxi alerts …`: what operators are told, once, whether or not Airflow or PostgreSQL is alive."""

from __future__ import annotations

import contextlib
import signal
import threading
import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime, time
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from warehouse.commands.prepare import UnpreparedWarehouseError, prepare_older
from warehouse.commands.work import CompanyPath, Teller, open_house
from warehouse.company import Company, load_company
from warehouse.database import Role, WarehouseUnreachableError
from warehouse.embedded import EmbeddedServerError
from warehouse.errors import Problem
from warehouse.house import House, opened_house
from warehouse.settings import Settings, load_settings

if TYPE_CHECKING:
    from delivery.smtp import Courier
    from operations.channel import Channel, Told

app = typer.Typer(help="What operators are told, each thing once, by mail and webhook.", no_args_is_help=True)

SEEN_FILE = "alerts.seen"
_LIST_LINES = 20
_EVERY_SECONDS = 300
_PATIENCE_SECONDS = 90.0

Ended = Annotated[str | None, typer.Option("--run-id", help="A run that is over, so that its failure is told at once.")]


class UntoldError(Problem):
    """Something is wrong, and not everybody who should know of it could be told."""


@app.command("check")
def check(ended: Ended = None, company: CompanyPath = None) -> None:
    """Find what is wrong and tell it once; status 1 when somebody could not be told. Meant for a timer."""
    look(load_settings(), ended=ended, company=company, teller=Teller())


@app.command("watch")
def watch(
    every: Annotated[int, typer.Option(help="Seconds between two looks.", min=1)] = _EVERY_SECONDS,
    company: CompanyPath = None,
) -> None:
    """Check again and again, as a service that lives beside Airflow and not in it."""
    settings, teller = load_settings(), Teller()
    while True:
        try:
            look(settings, ended=None, company=company, teller=teller)
        except UntoldError as error:
            if has_somebody(settings):  # else it was said when it was new
                teller.say(f"error: {error}")
        except (Problem, psycopg.Error, OSError) as error:
            teller.say(f"error: {error}")
        settings.home.mkdir(parents=True, exist_ok=True)
        (settings.home / SEEN_FILE).touch()
        clock.sleep(every)


@app.command("list")
def show(company: CompanyPath = None) -> None:
    """Show the newest alerts, who was told, and what still waits to be told."""
    table = Table("noted", "kind", "what", "seen", "told by", "problem", title="alerts", title_justify="left")
    with open_house(company) as house, _ledger_of(house) as connection:
        for noted, kind, title, seen, told_by, problem in connection.execute(
            "select to_char(noted_at, 'YYYY-MM-DD HH24:MI'), kind, title_en, seen, array_to_string(told_by, ', '),"
            " coalesce(last_problem, '') from ops.alerts order by noted_at desc, key limit %s",
            (_LIST_LINES,),
        ):
            table.add_row(noted, kind, *(escape(text) for text in (title, seen, told_by, problem)))
    teller = Teller()
    teller.console.print(table) if table.row_count else teller.say("no alert has been noted")


def look(settings: Settings, *, ended: str | None, company: str | None, teller: Teller) -> None:
    """Check once and say what came of it. Raises UntoldError."""
    now = datetime.now(tz=UTC)
    chosen = load_company(company or settings.company, timezone=settings.timezone)
    try:
        with opened_house(settings, company=company) as house:
            told = look_in(house, now=now, ended=ended, smtp_url=settings.smtp_url)
    except UnpreparedWarehouseError:
        teller.say(f"{chosen.id}: no night has been opened yet, so nothing is due")
        return
    except (WarehouseUnreachableError, EmbeddedServerError, psycopg.OperationalError, TimeoutError) as error:
        told = _tell_unreachable(settings, chosen, error, now)
    tell_outcome(told, settings, teller)


def look_in(
    house: House,
    *,
    now: datetime,
    ended: str | None,
    smtp_url: SecretStr | None,
    patience_seconds: float = _PATIENCE_SECONDS,
) -> Told:
    """Find what is due in an open house and tell it.

    Raises UnpreparedWarehouseError before the first night, TimeoutError when the warehouse does not answer in time.
    """
    from operations.alert_book import DatabaseBook, FileBook
    from operations.channel import tell
    from operations.due_alerts import find_due

    with contextlib.ExitStack() as opened:
        with _patience(patience_seconds):
            connection = opened.enter_context(_ledger_of(house))
            book = DatabaseBook(connection)
            opened.enter_context(book.alone())
            deadline = time.fromisoformat(house.settings.night_deadline)
            due = find_due(connection, house.company, now=now, deadline=deadline, ended=ended)
        channels = opened.enter_context(_channels(house.settings, house.company, smtp_url))
        told = tell(book, due, channels, now=now)
    FileBook(_outage_file(house.settings, house.company)).forget()
    return told


@contextlib.contextmanager
def _ledger_of(house: House) -> Iterator[psycopg.Connection]:
    prepare_older(house.warehouse, house.company)
    with house.warehouse.connect(Role.PUBLISHER) as connection:
        connection.autocommit = True
        yield connection


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Raise TimeoutError when the block takes longer: who watches must not wait for ever (main thread only)."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tell_outcome(told: Told, settings: Settings, teller: Teller) -> None:
    """Say what is new and how much was told. Raises UntoldError where somebody still has to be told."""
    say_new(told, teller)
    if told.is_well:
        teller.say(f"alerts: {len(told.new)} new, {told.count} told")
        return
    nobody = not has_somebody(settings)
    raise UntoldError(
        f"alerts that wait to be told: {told.waiting}",
        seen="nobody is named who could be told" if nobody else "; ".join(told.problems) or "not told yet",
        expected="each alert to be taken by each channel",
        next_step="set GUANXI_OPERATORS or GUANXI_ALERT_WEBHOOK" if nobody else "guanxi alerts check tells them again",
    )


def say_new(told: Told, teller: Teller) -> None:
    """Say what was not known before, and what to do about it."""
    for alert in told.new:
        teller.say(f"alert: {alert.title_en}: {alert.seen}")
        teller.say(f"       next: {alert.next_en}")


def has_somebody(settings: Settings) -> bool:
    """Say whether the settings name anybody to be told."""
    return bool(settings.operators) or settings.alert_webhook is not None


def _tell_unreachable(settings: Settings, company: Company, error: Exception, now: datetime) -> Told:
    from operations.alert import make_alert
    from operations.alert_book import FileBook
    from operations.channel import tell

    seen = "the connection broke"
    if isinstance(error, Problem):
        seen = f"{error.thing}: {error.seen}"
    elif isinstance(error, TimeoutError):
        seen = str(error)
    alert = make_alert("unreachable", "unreachable", now=now, seen=seen)
    with _channels(settings, company, settings.smtp_url) as channels:
        return tell(FileBook(_outage_file(settings, company)), [alert], channels, now=now)


def _outage_file(settings: Settings, company: Company) -> Path:
    return settings.home.absolute() / "company" / company.id / "alerts.json"


@contextlib.contextmanager
def _channels(settings: Settings, company: Company, smtp_url: SecretStr | None) -> Iterator[list[Channel]]:
    """Give the channels that the settings name, one an operator and one for the webhook."""
    from operations.alert_letter import mail_channel
    from operations.webhook import webhook

    with contextlib.ExitStack() as open_sessions:
        send = _refuse
        if settings.operators and smtp_url is not None:
            from delivery.smtp import Courier, parse_smtp_url

            courier = Courier(parse_smtp_url(smtp_url.get_secret_value()), command="guanxi alerts check")
            send = partial(_hand_in, open_sessions.enter_context(courier))
        channels = [
            mail_channel(each, sender=settings.mail_from, company=company.name.en, send=send)
            for each in settings.operators.split(",")
            if each
        ]
        if settings.alert_webhook is not None:
            url = settings.alert_webhook.get_secret_value()
            channels.append(webhook(url, settings.alert_webhook_kind, company.name.en))
        yield channels


def _refuse(_: EmailMessage) -> None:
    from operations.channel import ChannelFailedError

    raise ChannelFailedError(
        "the mails to GUANXI_OPERATORS",
        seen="GUANXI_SMTP_URL is not set",
        expected="a mail server that takes them",
        next_step="set GUANXI_SMTP_URL, or leave GUANXI_OPERATORS empty",
    )


def _hand_in(post: Courier, message: EmailMessage) -> None:
    """Hand a mail in, or raise ChannelFailedError; the server's words may hold the address and are not told."""
    from delivery.smtp import Fate
    from operations.channel import ChannelFailedError

    try:
        post.ready()
        fate = post.send(message).fate
    except Problem as problem:
        raise ChannelFailedError(
            problem.thing, seen=problem.seen, expected=problem.expected, next_step=problem.next_step
        ) from None
    if fate is Fate.ACCEPTED:
        return
    error = ChannelFailedError(
        str(post.server),
        seen=f"an alert's mail was {'left without an answer' if fate is Fate.UNKNOWN else fate.value}",
        expected="a server that takes mails to GUANXI_OPERATORS",
        next_step="correct the address or ask the server's administrator; guanxi alerts check tells it again",
    )
    error.is_doubtful = fate is Fate.UNKNOWN
    raise error
