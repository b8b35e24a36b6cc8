"""Sources that are PostgreSQL databases, read by table or query through ADBC."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
import pyarrow as pa
from psycopg import sql

from sources.errors import MissingTableError, RetypedColumnError, SourceUnreachableError
from sources.feed import Feed, Progress, numbered
from sources.mapping.expressions import ColumnExpression
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.tables import MissingColumnError, find_columns
from warehouse.errors import Problem

# pg_type.typcategory: what a source column can become. Text (S) and enums (E) can become anything.
_SOURCES_OF = {
    "numeric": "NSE",
    "integer": "NSE",
    "boolean": "BNSE",
    "date": "DSE",
    "timestamptz": "DSE",
    "text": "",  # anything can be text
}
_CATEGORY_NAMES = {"N": "a number", "D": "a date or time", "B": "a boolean", "S": "text", "U": "a special type"}
_ENVIRONMENT = "${GUANXI_ERP_URL}"


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as the source has it. `category` is pg_type.typcategory."""

    name: str
    type: str
    category: str


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """A database to read from; its URL may hold a password and is never shown."""

    mapping: SourceMapping
    url: str = field(repr=False)

    @property
    def thing(self) -> str:
        parts = urlsplit(self.url)
        where = f"{parts.hostname or 'localhost'}:{parts.port or 5432}"
        return f"source {self.mapping.name} (PostgreSQL at {where}, database {parts.path.lstrip('/') or 'not named'})"

    @contextlib.contextmanager
    def inspected(self) -> Iterator[psycopg.Connection]:
        """Give a read-only connection for questions about the shape. Raises SourceUnreachableError."""
        try:
            connection = psycopg.connect(_with_options(self.url))
        except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
            raise self.unreachable(str(error)) from None
        with contextlib.closing(connection):
            connection.read_only = True
            yield connection

    def columns_of(self, connection: psycopg.Connection, dataset: DatasetMapping) -> dict[str, SourceColumn]:
        """Return the columns of a dataset's table or query. Raises MissingTableError, MissingColumnError."""
        statement = sql.SQL("select * from {} limit 0").format(_relation(dataset))
        try:
            description = connection.execute(statement).description or []
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
            connection.rollback()
            raise MissingTableError(
                f"{self.thing}, dataset {dataset.name}",
                seen=f"no table {dataset.options.table or 'that the query needs'}, or no right to read it",
                expected="a table this user may select from",
                next_step="correct `table` in company.yml, or grant select on it",
            ) from None
        except psycopg.errors.UndefinedColumn as error:
            connection.rollback()
            raise MissingColumnError(
                f"{self.thing}, dataset {dataset.name}",
                seen=f"the query fails: {error.diag.message_primary}",
                expected="a query that runs",
                next_step="correct `query` in company.yml; the column may have been renamed",
            ) from None
        except psycopg.errors.SyntaxError as error:
            connection.rollback()
            raise Problem(
                f"{self.thing}, dataset {dataset.name}",
                seen=f"the query fails: {error.diag.message_primary}",
                expected="one select without a semicolon",
                next_step="correct `query` in company.yml",
            ) from None
        oids = [column.type_code for column in description]
        types = {
            oid: (name, category)
            for oid, name, category in connection.execute(
                "select oid, typname, typcategory::text from pg_type where oid = any(%s)", (oids,)
            )
        }
        return {column.name: SourceColumn(column.name, *types[column.type_code]) for column in description}

    def refuse_changed(self, dataset: DatasetMapping, columns: Mapping[str, SourceColumn]) -> None:
        """Raise MissingColumnError, RenamedColumnError or RetypedColumnError when the mapping no longer fits."""
        thing = f"{self.thing}, dataset {dataset.name}"
        find_columns(list(columns), dataset.columns, thing=thing)
        for entity in dataset.entities:
            for name, expression in entity.fields.items():
                if not isinstance(expression, ColumnExpression) or expression.map or expression.cases:
                    continue
                wanted = entity.contract.columns[name].type
                column = columns[expression.column]
                if _SOURCES_OF[wanted] and column.category not in _SOURCES_OF[wanted]:
                    raise RetypedColumnError(
                        f"{thing}, column {column.name}",
                        seen=f"{_CATEGORY_NAMES.get(column.category, 'another type')} ({column.type})",
                        expected=f"something that can become the {wanted} {entity.entity}.{name}",
                        next_step="find out what changed in the source, then correct the field in company.yml",
                    )

    @contextlib.contextmanager
    def feeds(
        self,
        watermarks: Mapping[str, str | None],
        columns: Mapping[str, Mapping[str, SourceColumn]],
        *,
        progress: Progress,
    ) -> Iterator[list[Feed]]:
        """Give a feed for each dataset, all from one snapshot of the database; they must be drawn inside.

        `watermarks`: by dataset, the newest cursor value already read; its rows and the lookback before it are
        read again.
        """
        reader = _SnapshotReader(self)
        try:
            yield [
                Feed(
                    dataset,
                    reader.batches(
                        _query(dataset, columns[dataset.name], watermarks.get(dataset.name)),
                        name=f"{self.mapping.name}.{dataset.name}",
                        progress=progress,
                    ),
                )
                for dataset in self.mapping.datasets
            ]
        finally:
            reader.close()

    def unreachable(self, text: str) -> SourceUnreachableError:
        """Return the problem that a driver's text is a sign of, without that text."""
        signs = {
            "password authentication failed": ("the password was refused", "check the user and password in the URL"),
            "no password supplied": ("a password is asked for", "put the password into the URL"),
            "does not exist": ("no such database or user", "check the database and the user in the URL"),
            "Connection refused": ("nothing listens there", "start the database, or correct host and port"),
            "resolve host": ("the host name is not known", "correct the host"),
            "Name or service": ("the host name is not known", "correct the host"),
            "timeout": ("no answer within 15 s", "check the network and firewall between here and there"),
        }
        default = ("the connection failed", "check the URL with psql")
        seen, next_step = next((told for sign, told in signs.items() if sign in text), default)
        return SourceUnreachableError(
            self.thing,
            seen=seen,
            expected="a server that lets us read",
            next_step=f"{next_step} ({_ENVIRONMENT[2:-1]})",
        )


def database_url(mapping: SourceMapping, erp_url: str | None) -> str:
    """Return the URL a mapping means: ${GUANXI_ERP_URL} is `erp_url`. Raises SourceUnreachableError without one."""
    url = mapping.options.url or _ENVIRONMENT
    if url != _ENVIRONMENT:
        return url
    if erp_url is None:
        raise SourceUnreachableError(
            f"source {mapping.name}",
            seen="GUANXI_ERP_URL is not set",
            expected="postgresql://user:password@host:5432/database",
            next_step="set GUANXI_ERP_URL (or GUANXI_ERP_URL_FILE) to the ERP's database",
        )
    return erp_url


def cursor_is_time(column: SourceColumn) -> bool:
    return column.category == "D"


class _SnapshotReader:
    """One ADBC connection in one read-only snapshot, opened at the first row asked for."""

    def __init__(self, database: SourceDatabase) -> None:
        self._database = database
        self._connection: Any = None

    def batches(self, query: str, *, name: str, progress: Progress) -> Iterator[pa.RecordBatch]:
        from adbc_driver_manager import Error  # only for databases

        rows = 0
        try:
            with self._connected().cursor() as cursor:
                cursor.execute(query)
                for batch in cursor.fetch_record_batch():
                    if batch.num_rows:
                        yield numbered(_renamed(batch), file_number=1, first_row=rows + 1)
                        rows += batch.num_rows
                        progress(f"{name}: read {rows:,} rows")
        except (Error, OSError) as error:
            # the driver's text may quote the query and its values
            if self._connection is None:
                raise self._database.unreachable(str(error)) from None
            raise SourceUnreachableError(
                f"{self._database.thing}, dataset {name}",
                seen=f"reading broke off after {rows:,} rows",
                expected="a connection that holds, and a query that the server can finish",
                next_step="see the server's log for the reason, then run the extract again; nothing was loaded",
            ) from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> Any:
        from adbc_driver_postgresql import dbapi  # only for databases

        if self._connection is None:
            self._connection = dbapi.connect(_with_options(self._database.url))
            with self._connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        return self._connection


def _renamed(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.rename_columns([f"c{number}" for number in range(1, batch.num_columns + 1)])


def _relation(dataset: DatasetMapping) -> sql.Composable:
    if dataset.options.table is not None:
        return sql.Identifier(*dataset.options.table.split("."))
    return sql.SQL("({}) as q").format(sql.SQL(dataset.options.query or ""))  # the operator's own


def _query(dataset: DatasetMapping, columns: Mapping[str, SourceColumn], watermark: str | None) -> str:
    """Return the select of a dataset's columns as text. Cursor rows without a value are always read."""
    as_text = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in dataset.columns)
    query = sql.SQL("select {} from {}").format(as_text, _relation(dataset))
    cursor = dataset.options.cursor
    if cursor is not None and watermark is not None:
        start = watermark
        if cursor_is_time(columns[cursor]):
            moment = datetime.fromisoformat(watermark)  # with an offset just when the column has one
            start = (moment - timedelta(days=dataset.options.lookback_days)).isoformat()
        query = sql.SQL("{} where {} >= {} or {} is null").format(
            query, sql.Identifier(cursor), sql.Literal(start), sql.Identifier(cursor)
        )
    return query.as_string(None)


def _with_options(url: str) -> str:
    """Return the URL with what makes values come out alike everywhere: UTC, ISO dates, exact doubles."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query.setdefault("connect_timeout", "15")
    query["options"] = " ".join(
        [query.get("options", ""), "-c timezone=UTC -c datestyle=ISO,YMD -c extra_float_digits=1"]
    ).strip()
    return urlunsplit(parts._replace(query=urlencode(query).replace("+", "%20")))
