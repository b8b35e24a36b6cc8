"""Sources that are PostgreSQL databases, read by table or query through ADBC."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlunsplit

import psycopg
import pyarrow as pa
from psycopg import sql

from sources.api.connector import Finding
from sources.databases.address import DatabaseAddress
from sources.databases.database import CATALOGUE, Columns, Measure, SourceColumn, findings_of, start_of
from sources.errors import MissingTableError, SourceUnreachableError
from sources.feed import Feed, Progress, numbered
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.tables import MissingColumnError
from warehouse.errors import Problem

_BATCH_OPTION = "adbc.postgresql.batch_size_hint_bytes"
_BATCH_BYTES = 1 << 20  # what stays in a processor's cache is written with a tenth less work than 16 MB
_TOLD_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class PostgresqlDatabase:
    """A PostgreSQL to read from."""

    mapping: SourceMapping
    address: DatabaseAddress

    @property
    def thing(self) -> str:
        where = f"{self.address.host}:{self.address.port}"
        return f"source {self.mapping.name} (PostgreSQL at {where}, database {self.address.database or 'not named'})"

    @contextlib.contextmanager
    def inspected(self) -> Iterator[_Inspection]:
        """Give a read-only connection for questions about the shape. Raises SourceUnreachableError."""
        try:
            connection = psycopg.connect(_with_options(self.address))
        except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
            raise self.unreachable(str(error)) from None
        with contextlib.closing(connection):
            connection.read_only = True
            yield _Inspection(self, connection)

    @contextlib.contextmanager
    def snapshot(self, columns: Columns, *, progress: Progress, warnings: list[str]) -> Iterator[_Snapshot]:
        """Give one repeatable-read transaction, opened at the first row asked for."""
        del warnings  # every value of PostgreSQL can be told
        snapshot = _Snapshot(self, columns, progress)
        try:
            yield snapshot
        finally:
            snapshot.close()

    def test(self) -> Iterator[Finding]:
        """Yield what works and what does not."""
        return findings_of(self)

    def unreachable(self, text: str) -> SourceUnreachableError:
        """Return the problem that a driver's text is a sign of, without that text."""
        signs = {
            "password authentication failed": ("the password was refused", "check the user and password in the URL"),
            "no password supplied": ("a password is asked for", "put the password into the URL"),
            "does not exist": ("no such database or user", "check the database and the user in the URL"),
            "Connection refused": ("nothing listens there", "start the database, or correct host and port"),
            "resolve host": ("the host name is not known", "correct the host"),
            "Name or service": ("the host name is not known", "correct the host"),
            "certificate verify failed": ("its certificate is not trusted", "name its authority: sslrootcert="),
            "does not support SSL": ("no TLS there", "take sslmode out of the URL, or turn TLS on at the server"),
            "timeout": ("no answer within 15 s", "check the network and firewall between here and there"),
        }
        default = ("the connection failed", "check the URL with psql")
        seen, next_step = next((told for sign, told in signs.items() if sign in text), default)
        return SourceUnreachableError(
            self.thing,
            seen=seen,
            expected="a server that lets us read",
            next_step=f"{next_step} ({self.address.origin})",
        )


@dataclass(frozen=True, slots=True)
class _Inspection:
    database: PostgresqlDatabase
    connection: psycopg.Connection

    @property
    def greeting(self) -> str:
        version = self.connection.info.parameter_status("server_version") or "of a version it does not tell"
        tls = "with TLS" if self.connection.pgconn.ssl_in_use else "without TLS"
        return f"PostgreSQL {version}, {tls}, user {self.connection.info.user}"

    def catalogue(self) -> list[tuple[str, str, str]]:
        return self.connection.execute(CATALOGUE).fetchall()

    def columns_of(self, dataset: DatasetMapping) -> dict[str, SourceColumn]:
        statement = sql.SQL("select * from {} limit 0").format(_relation(dataset))
        description = self._asked(dataset, statement).description or []
        oids = [column.type_code for column in description]
        types = {
            oid: (name, category)
            for oid, name, category in self.connection.execute(
                "select oid, typname, typcategory::text from pg_type where oid = any(%s)", (oids,)
            )
        }
        return {column.name: SourceColumn(column.name, *types[column.type_code]) for column in description}

    def measure(self, dataset: DatasetMapping) -> Measure:
        cursor = dataset.options.cursor
        newest = sql.SQL("null") if cursor is None else sql.SQL("max({})::text").format(sql.Identifier(cursor))
        row = self._asked(dataset, sql.SQL("select count(*), {} from {}").format(newest, _relation(dataset))).fetchone()
        return Measure(0, None) if row is None else Measure(*row)

    def _asked(self, dataset: DatasetMapping, statement: sql.Composed) -> psycopg.Cursor[Any]:
        try:
            return self.connection.execute(statement)
        except psycopg.Error as error:
            self.connection.rollback()
            raise self._told(dataset, error) from None

    def _told(self, dataset: DatasetMapping, error: psycopg.Error) -> Problem:
        thing = f"{self.database.thing}, dataset {dataset.name}"
        if isinstance(
            error,
            psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName | psycopg.errors.InsufficientPrivilege,
        ):
            return MissingTableError(
                thing,
                seen=f"no table {dataset.options.table or 'that the query needs'}, or no right to read it",
                expected="a table this user may select from",
                next_step="correct `table` in company.yml, or grant select on it",
            )
        if isinstance(error, psycopg.errors.UndefinedColumn):
            return MissingColumnError(
                thing,
                seen=f"the query fails: {error.diag.message_primary}",
                expected="a query that runs",
                next_step="correct `query` in company.yml; the column may have been renamed",
            )
        if isinstance(error, psycopg.errors.SyntaxError):
            return Problem(
                thing,
                seen=f"the query fails: {error.diag.message_primary}",
                expected="one select without a semicolon",
                next_step="correct `query` in company.yml",
            )
        return Problem(
            thing,
            seen=f"the server refuses the query ({type(error).__name__}, SQLSTATE {error.sqlstate or 'not told'})",
            expected="a table or query that the server can read",
            next_step="try the query in psql as the same user",
        )


class _Snapshot:
    """One ADBC connection in one read-only snapshot, opened at the first row asked for."""

    def __init__(self, database: PostgresqlDatabase, columns: Columns, progress: Progress) -> None:
        self._database, self._columns, self._progress = database, columns, progress
        self._connection: Any = None

    def feeds(self, watermarks: Mapping[str, str | None]) -> list[Feed]:
        return [
            self._feed(dataset, dataset.columns, _since(dataset, self._columns, watermarks.get(dataset.name)))
            for dataset in self._database.mapping.datasets
        ]

    def key_feeds(self) -> list[Feed]:
        return [
            self._feed(dataset, dataset.key_columns, sql.SQL(""), has_only_keys=True)
            for dataset in self._database.mapping.datasets
            if dataset.is_swept
        ]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _feed(
        self, dataset: DatasetMapping, columns: Sequence[str], where: sql.Composable, *, has_only_keys: bool = False
    ) -> Feed:
        as_text = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
        query = sql.SQL("select {} from {}{}").format(as_text, _relation(dataset), where).as_string(None)
        what = f"{self._database.mapping.name}.{dataset.name}" + (" (keys)" if has_only_keys else "")
        names = [dataset.landed_name(column) for column in columns]
        return Feed(dataset, self._batches(query, names, what=what), has_only_keys=has_only_keys)

    def _batches(self, query: str, names: list[str], *, what: str) -> Iterator[pa.RecordBatch]:
        from adbc_driver_manager import Error  # only for databases

        rows = told = 0
        try:
            with self._connected().cursor() as cursor:
                cursor.adbc_statement.set_options(**{_BATCH_OPTION: str(_BATCH_BYTES)})
                cursor.execute(query)
                for batch in cursor.fetch_record_batch():
                    if batch.num_rows:
                        yield numbered(batch.rename_columns(names), file_number=1, first_row=rows + 1)
                        rows += batch.num_rows
                        if not told or rows - told >= _TOLD_ROWS:
                            told = rows
                            self._progress(f"{what}: read {rows:,} rows")
        except (Error, OSError) as error:
            # the driver's text may quote the query and its values
            if self._connection is None:
                raise self._database.unreachable(str(error)) from None
            raise SourceUnreachableError(
                f"{self._database.thing}, dataset {what}",
                seen=f"reading broke off after {rows:,} rows",
                expected="a connection that holds, and a query that the server can finish",
                next_step="see the server's log for the reason, then run the extract again; nothing was loaded",
            ) from None

    def _connected(self) -> Any:
        from adbc_driver_postgresql import dbapi  # only for databases

        if self._connection is None:
            self._connection = dbapi.connect(_with_options(self._database.address))
            with self._connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        return self._connection


def _relation(dataset: DatasetMapping) -> sql.Composable:
    if dataset.options.table is not None:
        return sql.Identifier(*dataset.options.table.split("."))
    return sql.SQL("({}) as q").format(sql.SQL(dataset.options.query or ""))  # the operator's own


def _since(dataset: DatasetMapping, columns: Columns, watermark: str | None) -> sql.Composable:
    """Return the condition for what is to be read again. Cursor rows without a value always are."""
    cursor = dataset.options.cursor
    if cursor is None or watermark is None:
        return sql.SQL("")
    start = start_of(dataset, columns[dataset.name][cursor], watermark)
    literal = sql.Literal(start.isoformat() if isinstance(start, datetime) else start)
    return sql.SQL(" where {} >= {} or {} is null").format(sql.Identifier(cursor), literal, sql.Identifier(cursor))


def _with_options(address: DatabaseAddress) -> str:
    """Return the URL with what makes values come out alike everywhere: UTC, ISO dates, exact doubles."""
    query = dict(parse_qsl(address.parts.query))
    query.setdefault("connect_timeout", "15")
    query["options"] = " ".join(
        [query.get("options", ""), "-c timezone=UTC -c datestyle=ISO,YMD -c extra_float_digits=1"]
    ).strip()
    return urlunsplit(address.parts._replace(query=urlencode(query).replace("+", "%20")))
