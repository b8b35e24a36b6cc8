"""Sources that are MySQL or MariaDB databases, read by table or query through their text protocol."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import SSCursor

from sources.api.connector import Finding
from sources.databases.address import DatabaseAddress
from sources.databases.database import CATALOGUE, Columns, Measure, SourceColumn, findings_of
from sources.databases.mysql_connection import connect, error_code
from sources.databases.mysql_rows import MysqlRows, quoted, relation, source_column
from sources.errors import MissingTableError, SourceUnreachableError
from sources.feed import Feed, Progress
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.tables import MissingColumnError
from warehouse.errors import Problem

_BROKEN_OFF = (CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR)


@dataclass(frozen=True, slots=True)
class MysqlDatabase:
    """A MySQL or MariaDB to read from."""

    mapping: SourceMapping
    address: DatabaseAddress

    @property
    def thing(self) -> str:
        where = f"{self.address.host}:{self.address.port}"
        return f"source {self.mapping.name} (MySQL at {where}, database {self.address.database or 'not named'})"

    @contextlib.contextmanager
    def inspected(self) -> Iterator[_Inspection]:
        """Give a read-only connection for questions about the shape. Raises SourceUnreachableError."""
        with contextlib.closing(self.connected()) as connection:
            yield _Inspection(self, connection)

    @contextlib.contextmanager
    def snapshot(self, columns: Columns, *, progress: Progress, warnings: list[str]) -> Iterator[_Snapshot]:
        """Give one consistent snapshot, opened at the first row asked for. Tables that are not InnoDB have none."""
        snapshot = _Snapshot(self, columns, progress, warnings)
        try:
            yield snapshot
        finally:
            snapshot.close()

    def test(self) -> Iterator[Finding]:
        """Yield what works and what does not."""
        return findings_of(self)

    def connected(self, *, gives_bytes: bool = False) -> pymysql.Connection[Any]:
        """Return a new connection whose values are the server's own texts. Raises SourceUnreachableError."""
        return connect(self.address, thing=self.thing, gives_bytes=gives_bytes)

    def told(self, dataset: DatasetMapping, error: pymysql.err.Error) -> Problem:
        """Return the problem with a dataset that a server's error is a sign of; its text may quote the query."""
        thing = f"{self.thing}, dataset {dataset.name}"
        code, text = error_code(error), str(error.args[-1]) if error.args else ""
        if code in (ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR, ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR,
                    ER.DBACCESS_DENIED_ERROR, ER.VIEW_INVALID):  # fmt: skip
            return MissingTableError(
                thing,
                seen=f"no table {dataset.options.table or 'that the query needs'}, or no right to read it",
                expected="a table this user may select from",
                next_step="correct `table` in company.yml (database.table), or grant select on it",
            )
        if code == ER.BAD_FIELD_ERROR:
            name = re.search(r"Unknown column '([^']*)'", text)
            return MissingColumnError(
                thing,
                seen="the query fails: unknown column" + (f" {name[1]}" if name else ""),
                expected="a query that runs",
                next_step="correct `query` in company.yml; the column may have been renamed",
            )
        if code in (ER.PARSE_ERROR, ER.DUP_FIELDNAME):
            line = re.search(r"at line (\d+)", text)
            what = "two columns have the same name" if code == ER.DUP_FIELDNAME else "it cannot be read"
            return Problem(
                thing,
                seen=f"the query fails: {what}" + (f" (line {line[1]})" if line else ""),
                expected="one select without a semicolon, each of its columns with a name of its own",
                next_step="correct `query` in company.yml",
            )
        return Problem(
            thing,
            seen=f"the server refuses the query (error {code})",
            expected="a table or query that the server can read",
            next_step="try the query in the mysql client as the same user",
        )


@dataclass(frozen=True, slots=True)
class _Inspection:
    database: MysqlDatabase
    connection: pymysql.Connection[Any]

    @property
    def greeting(self) -> str:
        with self.connection.cursor() as cursor:
            cursor.execute("select version(), current_user()")
            version, user = cursor.fetchone() or ("", "")
            cursor.execute("show session status like 'Ssl_cipher'")
            _, cipher = cursor.fetchone() or ("", "")
        name = "" if "mariadb" in version.lower() else "MySQL "
        return f"{name}{version}, {'with' if cipher else 'without'} TLS, user {user}"

    def catalogue(self) -> list[tuple[str, str, str]]:
        with self.connection.cursor() as cursor:
            cursor.execute(CATALOGUE)
            return list(cursor.fetchall())

    def columns_of(self, dataset: DatasetMapping) -> dict[str, SourceColumn]:
        statement = f"select * from {relation(dataset)} limit 0"  # noqa: S608 - the name is quoted, a query the operator's
        with self._asked(dataset, statement) as cursor:
            columns = [source_column(field) for field in cursor._result.fields]  # only they know a text's character set
        return {column.name: column for column in columns}

    def measure(self, dataset: DatasetMapping) -> Measure:
        column = dataset.options.cursor
        newest = "null" if column is None else f"max({quoted(column)})"
        statement = f"select count(*), {newest} from {relation(dataset)}"  # noqa: S608 - the same
        with self._asked(dataset, statement) as cursor:
            count, value = cursor.fetchone()
        return Measure(int(count), value)

    @contextlib.contextmanager
    def _asked(self, dataset: DatasetMapping, statement: str) -> Iterator[Any]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("start transaction read only")
                cursor.execute(statement)
                yield cursor
                cursor.execute("rollback")
        except pymysql.err.Error as error:
            raise self.database.told(dataset, error) from None


class _Snapshot:
    """One connection in one read-only snapshot, opened at the first row asked for."""

    def __init__(self, database: MysqlDatabase, columns: Columns, progress: Progress, warnings: list[str]) -> None:
        self._database, self._columns, self._progress, self._warnings = database, columns, progress, warnings
        self._connection: pymysql.Connection[Any] | None = None

    def feeds(self, watermarks: Mapping[str, str | None]) -> list[Feed]:
        return [
            self._feed(dataset, dataset.columns, watermark=watermarks.get(dataset.name))
            for dataset in self._database.mapping.datasets
        ]

    def key_feeds(self) -> list[Feed]:
        return [
            self._feed(dataset, dataset.key_columns, has_only_keys=True)
            for dataset in self._database.mapping.datasets
            if dataset.is_swept
        ]

    def close(self) -> None:
        if self._connection is not None and self._connection.open:
            self._connection.close()

    def _feed(
        self,
        dataset: DatasetMapping,
        columns: Sequence[str],
        *,
        watermark: str | None = None,
        has_only_keys: bool = False,
    ) -> Feed:
        rows = MysqlRows(
            dataset,
            [self._columns[dataset.name][name] for name in columns],
            what=f"{self._database.mapping.name}.{dataset.name}" + (" (keys)" if has_only_keys else ""),
            thing=f"{self._database.thing}, dataset {dataset.name}",
            progress=self._progress,
            warnings=self._warnings,
        )
        start = None if watermark is None else self._columns[dataset.name][dataset.options.cursor or ""]
        query = rows.query(cursor=start, watermark=watermark)
        return Feed(dataset, self._batches(dataset, rows, query), has_only_keys=has_only_keys)

    def _batches(self, dataset: DatasetMapping, rows: MysqlRows, query: str) -> Iterator[pa.RecordBatch]:
        cursor: Any = self._connected().cursor(SSCursor)
        try:
            cursor.execute(query)
            yield from rows.batches(cursor)
        except (pymysql.err.Error, OSError) as error:
            if rows.count == 0 and isinstance(error, pymysql.err.Error) and error_code(error) not in _BROKEN_OFF:
                raise self._database.told(dataset, error) from None
            raise SourceUnreachableError(
                f"{self._database.thing}, dataset {rows.what}",
                seen=f"reading broke off after {rows.count:,} rows (error {error_code(error)})",
                expected="a connection that holds, and a query that the server can finish",
                next_step="see the server's log for the reason, then run the extract again; nothing was loaded",
            ) from None
        finally:
            if cursor._result is not None and cursor._result.unbuffered_active:
                # closing such a cursor would read all the rest, from a connection that may be gone
                cursor._result.unbuffered_active = False
                self.close()
            cursor.close()

    def _connected(self) -> pymysql.Connection[Any]:
        if self._connection is None:
            self._connection = self._database.connected(gives_bytes=True)
            with self._connection.cursor() as cursor:
                cursor.execute("set session transaction isolation level repeatable read")
                cursor.execute("start transaction with consistent snapshot, read only")
        return self._connection
