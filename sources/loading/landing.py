"""Lands feeds column-wise: every row, as text, in a schema of this attempt alone, by Arrow and binary COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from sources.ahead import ahead
from sources.feed import Feed
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.night import Claim

_DISK_FULL = "53100"


class LandingError(Problem):
    """The rows of a source could not be written into its landing schema."""


def landing_schema(claim: Claim, source: str) -> str:
    """Return the name of the schema that an extract attempt lands in."""
    return f"landing_{claim.night.gen}_{source}_{claim.number}"


def land(feeds: Sequence[Feed], *, claim: Claim, source: str, warehouse: Warehouse) -> str:
    """Land every feed as table d<n> with columns file_number, row_number, c1, c2, …; return the schema.

    One transaction for all feeds, drawn one after the other: those of a database share one connection, whose snapshot
    makes them fit together. It is not fenced, as a successor would wait for all the reading; the schema's name holds
    the number of the claim, so nobody merges what an orphaned attempt lands. A problem met while reading is raised as
    it was; LandingError when the rows cannot be written.
    """
    schema = landing_schema(claim, source)
    if feeds:
        _Landing(source, schema).run(feeds, warehouse.url(Role.LOADER, application_name="guanxi-extract"))
    return schema


def ensure_tables(connection: psycopg.Connection, schema: str, tables: dict[str, int]) -> None:
    """Make the landing tables (name: number of columns) of datasets that had nothing to land."""
    connection.execute(_schema_ddl(schema))
    for table, width in tables.items():
        connection.execute(_table_ddl(schema, table, [f"c{n}" for n in range(1, width + 1)]))


def drop_landings(warehouse: Warehouse, *, claim: Claim, source: str) -> None:
    """Drop the landing schemas of a source: this attempt's, now merged, and those of dead attempts."""
    with closing(warehouse.connect(Role.LOADER)) as connection, connection:
        claim.assert_held(connection)
        found = connection.execute(
            "select nspname from pg_namespace where nspname ~ %s", (f"^landing_[0-9]+_{source}_[0-9]+$",)
        ).fetchall()
        for (schema,) in found:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


class _Landing:
    """Writes feeds through one ADBC connection; of what goes wrong, tells the reading's own problems as they were."""

    def __init__(self, source: str, schema: str) -> None:
        self.source, self.schema = source, schema
        self.read_error: BaseException | None = None

    def run(self, feeds: Sequence[Feed], url: str) -> None:
        from adbc_driver_manager import Error  # only where there is something to land
        from adbc_driver_postgresql import dbapi

        try:
            with closing(dbapi.connect(url)) as connection:
                with connection.cursor() as cursor:
                    # a COPY lasts as long as the source takes to be read; the stage has an end of its own
                    cursor.execute("set local statement_timeout = 0")
                    cursor.execute(_schema_ddl(self.schema).as_string(None))
                    for feed in feeds:
                        self._write(cursor, feed)
                connection.commit()
        except (Error, pa.ArrowException, OSError) as error:
            cause = self.read_error
            if isinstance(cause, Problem) or not isinstance(cause, Exception | None):
                raise cause from None
            raise self._told(error) from None  # the libraries' texts quote rows, and addresses

    def _write(self, cursor: Any, feed: Feed) -> None:
        # made in the transaction that fills it: with wal_level minimal its rows are then written once, not twice
        cursor.execute(_table_ddl(self.schema, feed.table, feed.columns).as_string(None))
        names = [
            ("file_number", pa.int32()),
            ("row_number", pa.int64()),
            *((name, pa.string()) for name in feed.columns),
        ]
        # neither server waits for the other: one batch is read while the one before it is written
        stream = pa.RecordBatchReader.from_batches(pa.schema(names), self._noted(ahead(feed.batches)))
        cursor.adbc_ingest(feed.table, stream, mode="append", db_schema_name=self.schema)

    def _noted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Keep the error of a batch that cannot be read: the driver knows no more of it than a text."""
        try:
            yield from batches
        except GeneratorExit:  # the server refused a batch: this is no error of the reading
            raise
        except BaseException as error:
            self.read_error = error
            raise

    def _told(self, error: Exception) -> LandingError:
        state = getattr(error, "sqlstate", None)
        is_full = state == _DISK_FULL
        seen = f"the server did not take the rows ({type(error).__name__}, SQLSTATE {state or 'not told'})"
        if self.read_error is not None:
            seen = f"reading failed ({type(self.read_error).__name__})"
        return LandingError(
            f"source {self.source}, landing schema {self.schema}",
            seen="no space left" if is_full else seen,
            expected="every row landed",
            next_step="free space, then run the night again"
            if is_full
            else "see the server's log for the reason, then run the night again",
        )


def _schema_ddl(schema: str) -> sql.Composed:
    return sql.SQL("create schema if not exists {}").format(sql.Identifier(schema))


def _table_ddl(schema: str, table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL("create table if not exists {} (file_number integer, row_number bigint, {})").format(
        sql.Identifier(schema, table), sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(n)) for n in columns)
    )
