"""The command `guanxi erase`: one person out of everything the house keeps."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from warehouse.airflow_home import METADATA, AirflowHome
from warehouse.commands.prepare import prepare
from warehouse.commands.work import CompanyPath, Teller, open_prepared_house, shown
from warehouse.errors import Problem

if TYPE_CHECKING:
    from erasure.erase import Erased, Places
    from warehouse.house import House


_SHORTEST = 3


class ShortWordError(Problem):
    """A word that would be found everywhere."""


class UnconfirmedError(Problem):
    """Nobody was there to say yes."""


def erase(
    contact: Annotated[
        str, typer.Option("--contact", help="The contact_id as the source gives it; - reads it from the input.")
    ],
    source: Annotated[
        str | None, typer.Option("--source", help="The source whose contact it is, where several have the id.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="What else names the person, such as a nickname; repeatable."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, for the record; nothing that tells who it is.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who asks, for the record; else the user at work.")] = None,
    company: CompanyPath = None,
    *,
    show: Annotated[bool, typer.Option("--show", help="Tell what would be reached, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before erasing.")] = False,
) -> None:
    """Erase a person at a customer from everything the house keeps; the numbers of the customer stay as they are.

    The id becomes a pseudonym that leads nowhere, and a later extract does not bring the person back. Again is
    harmless.
    """
    from erasure.erase import Eraser

    contact = sys.stdin.readline().strip() if contact == "-" else contact
    teller = Teller()
    with open_prepared_house(company) as house:
        prepare(house.warehouse, house.company)
        eraser = Eraser(
            house.warehouse, _places(house), by or getpass.getuser(), reason, _long_enough(also), teller.progress
        )
        named = eraser.source_of(contact, source)
        if show or not yes:
            _tell(eraser.show(contact, named), teller, title="what would be reached")
            if show or not _confirmed(teller):
                return
        _tell(eraser.erase(contact, named), teller, title="erased")


def _long_enough(words: list[str] | None) -> tuple[str, ...]:
    """Return what else to look for; a word of one or two letters stands in every text."""
    if any(len(word) < _SHORTEST for word in words or ()):
        raise ShortWordError(
            "--also",
            seen="a word of fewer than three letters",
            expected="a name or an address that stands in no other word",
            next_step="give more of it, such as first and last name",
        )
    return tuple(words or ())


def _places(house: House) -> Places:
    from erasure.erase import Places

    home = house.settings.home.absolute()
    others = {path for path in house.folder.parent.iterdir() if path != house.folder}
    # what the simulator writes is the source, not ours; secrets and the server's own files hold no text of a person
    not_ours = {home / "secrets", home / "postgres" / "data", home / "airflow" / "secrets", house.folder / "secrets"}
    url = house.settings.airflow_database_url
    file = AirflowHome(home / "airflow").url_file(METADATA)
    return Places(
        home,
        frozenset(others | not_ours | {house.simulated}),
        url.get_secret_value() if url is not None else file.read_text(encoding="utf-8") if file.exists() else None,
    )


def _confirmed(teller: Teller) -> bool:
    if not sys.stdin.isatty():
        raise UnconfirmedError(
            "the erasure",
            seen="nobody who could be asked",
            expected="a yes; it cannot be undone",
            next_step="add --yes",
        )
    if typer.confirm("Erase all of this? It cannot be undone."):
        return True
    teller.say("nothing was erased")
    return False


def _tell(erased: Erased, teller: Teller, *, title: str) -> None:
    if not erased.total:
        day = "" if erased.earlier is None else f" on {erased.earlier}"
        teller.say(f"this contact of source {erased.source} was erased{day}; nothing of it was found since")
    else:
        table = Table("place", "rows or files", title=f"{title}, of a contact of source {erased.source}")
        for place, count in sorted(erased.counts.items()):
            table.add_row(place, f"{count:,}")
        teller.console.print(table)
        teller.say(f"{title}: {erased.total:,} rows and files in {len(erased.counts)} places")
    for path in erased.left:
        teller.say(f"left, since no program can change it: {shown(path)}; look at it and decide")
