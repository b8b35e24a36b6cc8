"""Commands for who looks: queries as the BI reader, the state of the house, going back to an earlier night."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import psycopg
import typer
from psycopg import sql
from rich.table import Table

from warehouse.commands.mails import held_lines
from warehouse.commands.prepare import prepare
from warehouse.commands.stale_sources import stale_lines
from warehouse.commands.work import CompanyPath, RunId, Teller, open_house, open_prepared_house
from warehouse.database import Role
from warehouse.embedded import binaries
from warehouse.errors import Problem
from warehouse.publication import rollback as roll_back

_PROMISES_TOLD = 3


class QueryError(Problem):
    """A query that the warehouse refused."""


def sql_query(
    query: Annotated[str, typer.Argument(help='For example "select * from bi.data_version".')],
    company: CompanyPath = None,
) -> None:
    """Run a query as the BI reader and print CSV."""
    with open_prepared_house(company) as house, house.warehouse.connect(Role.READER) as connection:
        connection.execute("set search_path = bi")
        # the reader's own words, run in the reader's own role; on lines of their own, for they may end in a comment
        statement = sql.SQL("copy (\n{}\n) to stdout (format csv, header)").format(sql.SQL(query.rstrip("; \n")))
        try:
            _print_csv(connection, statement)
        except psycopg.Error as error:
            raise QueryError(
                "the query",
                seen=error.diag.message_primary or "it was refused",
                expected="one select over the views of schema bi",
                next_step="guanxi sql \"select table_name from information_schema.tables where table_schema = 'bi'\"",
            ) from None


def quarantine(run_id: RunId = None, company: CompanyPath = None) -> None:
    """Print the rows that a night refused, with the rule that each one broke, as CSV; they may hold personal data."""
    statement = sql.SQL(
        'copy (select source, entity, rule, record_id, seen, "row", attempt, noted_at from quarantine.rows'
        " where gen = (select gen from ops.runs where run_id = {0} or {0}::text is null and not is_backfill"
        " order by gen desc limit 1)"
        " order by noted_at desc, source, entity, rule, record_id) to stdout (format csv, header)"
    ).format(sql.Literal(run_id))
    with open_prepared_house(company) as house, house.warehouse.connect(Role.CHECKER) as connection:
        _print_csv(connection, statement)


def _print_csv(connection: psycopg.Connection, statement: sql.Composed) -> None:
    with connection.cursor().copy(statement) as copy:
        for block in copy:
            sys.stdout.buffer.write(block)
    sys.stdout.flush()


def psql(
    company: CompanyPath = None,
    contacts: Annotated[bool, typer.Option("--contacts", help="See the tables of persons as well.")] = False,
) -> None:
    """Open psql as the BI reader, or as one who may see the tables of persons."""
    import subprocess

    role = Role.CONTACT_READER if contacts else Role.READER
    with open_prepared_house(company) as house:
        environment = dict(os.environ) | {
            "PGPASSWORD": house.warehouse.password(role.value),
            "PGOPTIONS": "-c search_path=bi,bi_restricted" if contacts else "-c search_path=bi",
        }
        words = ["-h", house.warehouse.host, "-p", str(house.warehouse.port), "-U", role.value]
        done = subprocess.run(
            [str(binaries() / "psql"), *words, "-d", house.warehouse.database], env=environment, check=False
        )
    raise typer.Exit(done.returncode)


def status(company: CompanyPath = None) -> None:
    """Show the live night, the newest runs and what each stage of the last one did."""
    teller = Teller()
    with open_house(company) as house:
        prepare(house.warehouse, house.company)
        with house.warehouse.connect(Role.PUBLISHER) as connection:
            live = connection.execute("select gen, as_of, age from bi.data_version").fetchone()
            if live is None:
                teller.say(f"{house.company.id}: nothing is live yet. Next: guanxi nightly")
            else:
                teller.say(f"{house.company.id}: generation {live[0]} is live, as of {live[1]}, {live[2]} old")
            newest = connection.execute("select max(gen) from ops.runs where not is_backfill").fetchone()
            for line in stale_lines(connection, newest[0]) if newest is not None and newest[0] is not None else ():
                teller.say(f"stale: {line}")
            for line in held_lines(connection, live[0]) if live is not None else ():
                teller.say(f"held: {line}")
            for table in (_runs_table(connection), _stages_table(connection)):
                if table.row_count:
                    teller.console.print(table)


def rollback(generation: int, company: CompanyPath = None) -> None:
    """Let readers see an earlier published generation again."""
    with open_prepared_house(company) as house, house.warehouse.connect(Role.PUBLISHER) as connection:
        Teller().say(roll_back(connection, generation))


def _runs_table(connection: psycopg.Connection) -> Table:
    table = Table("generation", "run", "as of", "attempt", "state", "note", title="newest runs")
    for row in connection.execute(
        "select gen, run_id, as_of, attempt, state, coalesce(note, '') from ops.runs order by gen desc limit 10"
    ):
        table.add_row(*map(str, row))
    return table


def _stages_table(connection: psycopg.Connection) -> Table:
    table = Table("stage", "part", "state", "seconds", "peak MB", "note", title="stages of the newest run")
    for row in connection.execute(
        "select stage, part, state, coalesce(seconds::text, ''), coalesce(peak_mb::text, ''), coalesce(note, '')"
        " from ops.stage_runs where gen = (select max(gen) from ops.runs) order by started_at"
    ):
        *words, note = map(str, row)
        table.add_row(*words, _shortened(note))
    return table


def _shortened(note: str) -> str:
    """Return a stage's problem without most of the promises that a gate found broken; its page has them all."""
    lines = note.splitlines()
    listed = [number for number, line in enumerate(lines) if line.startswith("    - ")]
    if len(listed) <= _PROMISES_TOLD:
        return note
    told, left = listed[_PROMISES_TOLD], listed[-1]
    return "\n".join([*lines[:told], f"    … and {left - told + 1} more", *lines[left + 1 :]])
