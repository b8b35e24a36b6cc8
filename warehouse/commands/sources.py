"""The commands `guanxi sources …`: what there is, whether it can be read, and a first mapping of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import psycopg
import typer
import yaml
from psycopg import sql
from pydantic import ValidationError
from rich.table import Table

from warehouse.commands.prepare import UnpreparedWarehouseError, require_prepared
from warehouse.commands.reach import Reach, in_reach
from warehouse.commands.work import CompanyPath, Teller, new_console, open_house, shown
from warehouse.company import Company, Kind, SourceEntry
from warehouse.database import Role
from warehouse.errors import Problem

if TYPE_CHECKING:
    from sources.api.connector import Finding
    from sources.mapping.mapping import SourceMapping

KindOption = StrEnum("KindOption", {kind: kind for kind in get_args(Kind)})  # type: ignore[misc]  # Typer's choices
SourceName = Annotated[str | None, typer.Option("--source", help="One source; else all of them.")]

app = typer.Typer(help="The systems, databases and files that a company's data come from.", no_args_is_help=True)


class TakenFileError(Problem):
    """A file that is there already, and is not ours to replace."""


@app.command("list")
def list_sources(company: CompanyPath = None) -> None:
    """Show every source: its kind, its datasets and entities, how far it is loaded, and how many records raw has."""
    from sources.mapping.reader import read_mapping

    table = Table("source", "kind", "datasets", "entities", "loaded up to", "newest extract")
    table.add_column("records", justify="right")
    with open_house(company) as house:
        mappings = [read_mapping(house.company, source.name) for source in house.company.sources]
        loads: dict[str, tuple[date | None, str, int]] = {}
        try:
            require_prepared(house.warehouse, house.company)
            with house.warehouse.connect(Role.CHECKER) as connection:
                loads = {mapping.name: _loaded(connection, mapping) for mapping in mappings}
        except UnpreparedWarehouseError:
            pass  # no night has been opened yet
        for mapping in mappings:
            up_to, state, records = loads.get(mapping.name, (None, "none", 0))
            table.add_row(
                mapping.name,
                mapping.options.kind,
                ", ".join(each.name for each in mapping.datasets),
                ", ".join(each.entity for each in mapping.entities),
                str(up_to or "never"),
                state,
                f"{records:,}",
            )
        Teller().console.print(table)


@app.command("test")
def try_sources(source: SourceName = None, company: CompanyPath = None) -> None:
    """Try every source without loading anything: the way in, rights, columns, rows, freshness; 1 if one is not well.

    No night is needed, and nothing is written anywhere but an access token.
    """
    teller, aside = Teller(), Teller(new_console(stderr=True))
    count = bad = 0
    with in_reach(company) as reach:
        names = [reach.company.source(source).name] if source else [each.name for each in reach.company.sources]
        for name in names:
            teller.say(f"{name} ({reach.company.source(name).kind})")
            for finding in _findings(reach, name, aside):
                count, bad = count + 1, bad + (not finding.is_well)
                teller.say(_line(finding))
        if not source:
            for loose_end in _loose_ends(reach.company):
                teller.say(f"note: {loose_end}")
    teller.say(
        f"{_counted(len(names), 'source')}, {_counted(count, 'finding')}: " + (f"{bad} to mend" if bad else "all well")
    )
    if bad:
        raise typer.Exit(1)


@app.command("init")
def first_mapping(
    kind: Annotated[KindOption, typer.Argument(help="What kind of source it is.")],
    name: Annotated[str, typer.Option("--name", help="What the source will be called.")],
    objects: Annotated[
        list[str] | None,
        typer.Option("--object", help="An object of the system, a table or a file pattern; may be repeated."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--setting", help="KEY=VALUE of the source's `settings`, such as base_url; may be repeated."),
    ] = None,
    path: Annotated[str | None, typer.Option("--path", help="files: the folder or file to look at.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new file to write to; else it is printed.")] = None,
    company: CompanyPath = None,
) -> None:
    """Write a first mapping of a source from what it says of itself, to stand under `sources:` of company.yml.

    Address and settings are those of the company's source of that name, if it has one, and of the options.
    Credentials come from where the night finds them: GUANXI_SOURCE_<NAME>, or GUANXI_ERP_URL for a database.
    """
    from sources.first_draft import blank_options, first_draft

    if out is not None and out.exists():
        raise TakenFileError(
            shown(out.absolute()),
            seen="it is there already",
            expected="a file of its own for the first mapping",
            next_step="name another file with --out, or move this one away",
        )
    aside = Teller(new_console(stderr=True))
    with in_reach(company) as reach:
        given = _entry(reach.company, name, kind)
        given["settings"] = dict(given.get("settings") or {}) | dict(_setting(each) for each in settings or ())
        given["path"] = path or given.get("path")
        try:
            options = blank_options(SourceEntry(name=name, kind=kind.value), given)
        except ValidationError as error:
            raise typer.BadParameter(
                "a name has small letters, digits and _, a letter first", param_hint="--name"
            ) from error
        text = first_draft(
            options,
            objects=objects or (),
            company_folder=Path.cwd() if path else reach.company.folder,
            outside=reach.outside,
            progress=aside.progress,
            warn=lambda line: aside.say(f"not there: {line}"),
        )
    if out is None:
        typer.echo(text, nl=False)
        return
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(out)
    aside.say(f"written: {shown(out.absolute())}; put it under `sources:` of company.yml, then: guanxi sources test")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _findings(reach: Reach, name: str, aside: Teller) -> Iterator[Finding]:
    from sources.findings import finding_of, source_findings
    from sources.mapping.reader import read_mapping

    try:
        mapping = read_mapping(reach.company, name)
    except Problem as problem:
        yield finding_of(problem.thing, problem)
        return
    yield from source_findings(
        mapping, company_folder=reach.company.folder, outside=reach.outside, progress=aside.progress
    )


def _line(finding: Finding) -> str:
    """Return a finding on one line: whether it is well, what was looked at, what was seen, what to do."""
    told = f"  {'✓' if finding.is_well else '✗'} {finding.what}: {finding.told}"
    return " ".join((told + (f"; next: {finding.next_step}" if finding.next_step else "")).split("\n"))


def _loose_ends(company: Company) -> list[str]:
    """Return what the sources point to in vain; nothing while a mapping cannot be read."""
    from sources.mapping.loose_ends import loose_ends
    from sources.mapping.reader import read_mapping

    try:
        return [str(each) for each in loose_ends(read_mapping(company, source.name) for source in company.sources)]
    except Problem:
        return []


def _loaded(connection: psycopg.Connection, mapping: SourceMapping) -> tuple[date | None, str, int]:
    """Return up to which day a source is loaded, what became of its newest extract, and its records in raw."""
    row = connection.execute(
        "select (select max(as_of) from ops.extracts where source = %(source)s and state = 'loaded'),"
        " (select state || ', ' || as_of from ops.extracts where source = %(source)s"
        " order by noted_at desc, gen desc limit 1)",
        {"source": mapping.name},
    ).fetchone()
    up_to, state = row if row is not None else (None, None)
    records = 0
    for entity in mapping.entities:
        found = connection.execute(
            sql.SQL(
                "select count(*) from (select distinct on (record_id) is_deleted from raw.{} where source = %s"
                " order by record_id, known_at desc) as newest where not is_deleted"
            ).format(sql.Identifier(entity.entity)),
            (mapping.name,),
        ).fetchone()
        records += 0 if found is None else int(found[0])
    return up_to, state or "none", records


def _entry(company: Company, name: str, kind: KindOption) -> dict[str, Any]:
    """Return what company.yml already says of a source, so that its address is not said twice."""
    for source in company.sources:
        if source.name == name:
            if source.kind != kind.value:
                raise typer.BadParameter(f"source {name} of {company.id} is of kind {source.kind}", param_hint="KIND")
            return source.model_dump()
    return {}


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise typer.BadParameter("a setting is written KEY=VALUE", param_hint="--setting")
    return key, yaml.safe_load(value)
