"""Commands for who looks: queries as the BI reader, refused rows, going back to an earlier night."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import psycopg
import typer
from psycopg import sql

from warehouse.commands.work import CompanyPath, RunId, Teller, open_prepared_house
from warehouse.database import Role
from warehouse.embedded import binaries
from warehouse.errors import Problem
from warehouse.publication import rollback as roll_back


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
        'copy (select source, entity, rule, record_id, seen, "row", attempt, noted_at,'
        # as ops.quarantine_samples tells of it on the night's page
        " left(encode(sha256(convert_to(concat_ws('|', source, entity, record_id), 'UTF8')), 'hex'), 10) as key_digest"
        " from quarantine.rows"
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


def rollback(generation: int, company: CompanyPath = None) -> None:
    """Let readers see an earlier published generation again."""
    with open_prepared_house(company) as house, house.warehouse.connect(Role.PUBLISHER) as connection:
        Teller().say(roll_back(connection, generation))
