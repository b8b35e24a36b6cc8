"""Commands for the long-lived local stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from warehouse.commands.work import CompanyPath, Teller, open_house
from warehouse.settings import load_settings


def up(company: CompanyPath = None) -> None:
    """Start PostgreSQL, Airflow and a mail server that keeps mails as files; Ctrl-C stops them."""
    from warehouse.commands.prepare import prepare
    from warehouse.stack import up as start

    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        start(house, say=Teller().say)


def down() -> None:
    """Stop the local stack, and the embedded PostgreSQL if something left it running."""
    from warehouse.stack import down as stop

    stop(load_settings(), say=Teller().say)


def status() -> None:
    """Show the processes of the local stack."""
    from warehouse.stack import status as show

    show(load_settings(), say=Teller().say)


def mailbox(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the mails go; the company's when not given.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port on --host; GUANXI_MAILBOX_PORT when not given.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    company: CompanyPath = None,
) -> None:
    """Run a mail server that keeps every mail as an .eml file."""
    from delivery.mailbox import Mailbox, run_mailbox

    settings = load_settings()
    chosen = port or settings.mailbox_port
    if folder is None:
        with open_house(company) as house:
            folder = house.mail

    def ready(box: Mailbox) -> None:
        Teller().say(f"mail server {box.url}, mails in {box.folder}")

    run_mailbox(host, chosen, folder, ready)
