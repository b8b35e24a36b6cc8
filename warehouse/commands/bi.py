"""The commands `guanxi bi …`: Apache Superset over the live night, and logins of account managers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from warehouse import ledger
from warehouse.commands.prepare import prepare
from warehouse.commands.work import CompanyPath, Teller, open_house, open_prepared_house, shown
from warehouse.database import Role

app = typer.Typer(help="Apache Superset over the live night, and logins of account managers.", no_args_is_help=True)

Manager = Annotated[str, typer.Argument(help="An account_manager_id of dim_account_managers.")]


@app.command("up")
def up(
    company: CompanyPath = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Start Superset with every dashboard on GUANXI_BI_PORT; Ctrl-C stops it."""
    from bi.running import load as fill
    from bi.running import serve
    from bi.superset_home import make_superset_home
    from warehouse.stack import refuse_taken_port, stop_signals

    teller = Teller()
    with open_house(company) as house, stop_signals() as stopping:
        port = house.settings.bi_port
        refuse_taken_port("GUANXI_BI_PORT", port)
        prepare(house.warehouse, house.company)
        home = make_superset_home(house)
        teller.say("bringing the dashboards into Superset (the first time takes a minute)")
        loaded = fill(house, home)
        teller.say(f"{len(loaded.dashboards)} dashboards with {len(loaded.charts)} charts are in")
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            if ledger.live_generation(connection) is None:
                teller.say("no night is live yet: the pages stay empty until guanxi nightly has run")

        def ready() -> None:
            user, _ = home.login()
            teller.say(f"Superset     http://127.0.0.1:{port}   user {user}, password in {shown(home.login_file)}")
            if loaded.managers:
                teller.say(f"managers     {', '.join(loaded.managers)}: each with their own login's password")
            teller.say("stop it with Ctrl-C")

        serve(home, host=host, port=port, stopping=stopping, on_ready=ready)
    teller.say("stopped")


@app.command("load")
def load(company: CompanyPath = None) -> None:
    """Import every dataset, chart and dashboard into Superset, whether it runs or not; what was changed there goes."""
    from bi.running import load as fill
    from bi.superset_home import make_superset_home

    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        loaded = fill(house, make_superset_home(house))
    Teller().say(
        f"{len(loaded.dashboards)} dashboards, {len(loaded.charts)} charts, {len(loaded.datasets)} datasets,"
        f" {len(loaded.managers)} account managers"
    )


@app.command("assets")
def assets(
    folder: Annotated[Path, typer.Argument(help="Where the files go; it is made.")],
    company: CompanyPath = None,
) -> None:
    """Write the files that another Superset can import; they hold no password."""
    from bi.assets import asset_files
    from bi.description import read_description
    from bi.running import reader_url

    with open_prepared_house(company) as house:
        files = asset_files(read_description(), database_url=reader_url(house.warehouse))
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    Teller().say(f"{len(files)} files in {shown(folder.absolute())}")


@app.command("login")
def login(manager: Manager, company: CompanyPath = None) -> None:
    """Let an account manager log in, to see their own customers only, and print the login: tell it to them alone."""
    from warehouse.manager_logins import open_login

    with open_prepared_house(company) as house:
        prepare(house.warehouse, house.company)
        opened = open_login(house.warehouse, house.company.id, manager)
        teller = Teller()
        teller.say(f"{opened.account_manager_id} {opened.name}")
        teller.say(
            f"PostgreSQL   {house.warehouse.host}:{house.warehouse.port}, database {house.warehouse.database},"
            f" user {opened.login}, schema bi_own"
        )
        teller.say(f"Superset     user {opened.account_manager_id}, once guanxi bi load has run")
        teller.say(f"password     {opened.password}")


@app.command("logout")
def logout(manager: Manager, company: CompanyPath = None) -> None:
    """Take an account manager's login away."""
    from warehouse.manager_logins import close_login

    with open_prepared_house(company) as house:
        was_there = close_login(house.warehouse, house.company.id, manager)
    told = "can no longer log in; run guanxi bi load to close Superset to them" if was_there else "had no login"
    Teller().say(f"{manager} {told}")
