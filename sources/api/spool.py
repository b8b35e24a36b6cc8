"""Where the pages of a live system wait for the merge: each is kept together with the state that goes on after it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from sources.api.connector import Page, State, WalkKind
from sources.api.values import text_at
from sources.loading.spool import drop_spool, spool_schema
from sources.mapping.mapping import DatasetMapping
from warehouse.database import Role, Warehouse
from warehouse.night import Claim

_PREFIX: Mapping[WalkKind, str] = {"records": "d", "keys": "k", "deleted": "x"}


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one walk has come. `began_on` is the night it began in, `system_began_at` the system's clock then."""

    kind: WalkKind
    began_on: date
    fingerprint: str
    since: datetime | None
    state: State | None
    is_done: bool
    system_began_at: datetime | None
    record_count: int


def spool_table(dataset: DatasetMapping, walk: WalkKind) -> str:
    """Return the table of a walk: the dataset's rows, or rows with nothing but the key."""
    return f"{_PREFIX[walk]}{dataset.number}"


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool of one source, written by one claim; every transaction begins by asserting it."""

    source: str
    claim: Claim
    warehouse: Warehouse

    def connected(self) -> Connection:
        """Return a connection for `begin` and `add`; the caller closes it."""
        return self.warehouse.connect(Role.LOADER, application_name="guanxi-extract")

    def walk(self, connection: Connection, dataset: DatasetMapping, kind: WalkKind) -> Walk | None:
        """Return how far a walk has come, or None when it has not begun."""
        row = connection.execute(
            "select as_of, fingerprint, since, state, is_done, system_began_at, record_count from ops.walks"
            " where source = %s and dataset = %s and walk = %s",
            (self.source, dataset.name, kind),
        ).fetchone()
        connection.rollback()
        return None if row is None else Walk(kind, *row)

    def begin(
        self,
        connection: Connection,
        dataset: DatasetMapping,
        kind: WalkKind,
        *,
        since: datetime | None,
        keeps_rows: bool = False,
    ) -> Walk:
        """Begin a walk anew, without what an earlier one had brought unless `keeps_rows`."""
        table = sql.Identifier(spool_schema(self.source), spool_table(dataset, kind))
        columns = sql.SQL(", ").join(
            sql.SQL("{} text").format(sql.Identifier(f"c{n}")) for n in range(1, len(dataset.columns) + 1)
        )
        fingerprint = walk_fingerprint(dataset)
        with connection.transaction():
            self.claim.assert_held(connection)
            connection.execute(
                sql.SQL("create schema if not exists {}").format(sql.Identifier(spool_schema(self.source)))
            )
            if not keeps_rows:
                connection.execute(sql.SQL("drop table if exists {}").format(table))
            connection.execute(
                sql.SQL(
                    "create table if not exists {} (file_number bigint, row_number bigint, {},"
                    " _key text primary key, _version text)"
                ).format(table, columns)
            )
            connection.execute(
                "insert into ops.walks (source, dataset, walk, as_of, fingerprint, since)"
                " values (%s, %s, %s, %s, %s, %s) on conflict (source, dataset, walk) do update set"
                " as_of = excluded.as_of, fingerprint = excluded.fingerprint, since = excluded.since, state = null,"
                " is_done = false, system_began_at = null, page_count = 0, noted_at = now(),"
                # rows that are kept keep their numbers, so those to come must have others
                " record_count = case when %s then ops.walks.record_count else 0 end",
                (self.source, dataset.name, kind, self.claim.night.as_of, fingerprint, since, keeps_rows),
            )
        return Walk(kind, self.claim.night.as_of, fingerprint, since, None, False, None, 0)

    def add(
        self,
        connection: Connection,
        dataset: DatasetMapping,
        kind: WalkKind,
        page: Page,
        *,
        key_column: str,
    ) -> int:
        """Keep a page and the state after it, in one transaction; return how many records the walk has brought.

        A record that was brought before is replaced, unless what is here is a newer version of it.
        """
        rows = {record.key: record for record in page.records}.values()
        is_record = kind == "records"
        read: Callable[[str, Mapping[str, object], str], str | None] = (
            (lambda column, values, _: text_at(values, column))
            if is_record
            else (lambda column, _, key: key if column == key_column else None)
        )
        columns: list[list[str | None]] = [
            [read(column, record.values, record.key) for record in rows] for column in dataset.columns
        ]
        with connection.transaction():
            self.claim.assert_held(connection)
            if rows:
                self._upsert(
                    connection,
                    dataset,
                    kind,
                    keys=[record.key for record in rows],
                    versions=[record.version for record in rows],
                    columns=columns,
                )
            row = connection.execute(
                "update ops.walks set state = %s, page_count = page_count + 1, record_count = record_count + %s,"
                " system_began_at = coalesce(system_began_at, %s), noted_at = now()"
                " where source = %s and dataset = %s and walk = %s returning record_count",
                (Jsonb(dict(page.state)), len(rows), page.asked_at, self.source, dataset.name, kind),
            ).fetchone()
        return 0 if row is None else int(row[0])

    def finish(self, connection: Connection, dataset: DatasetMapping, kind: WalkKind) -> None:
        """Note that a walk has brought everything."""
        with connection.transaction():
            self.claim.assert_held(connection)
            connection.execute(
                "update ops.walks set is_done = true, noted_at = now()"
                " where source = %s and dataset = %s and walk = %s",
                (self.source, dataset.name, kind),
            )

    def drop(self) -> None:
        """Drop all that waits of this source."""
        with closing(self.connected()) as connection, connection:
            self.claim.assert_held(connection)
            drop_spool(connection, self.source)

    def _upsert(
        self,
        connection: Connection,
        dataset: DatasetMapping,
        kind: WalkKind,
        *,
        keys: Sequence[str],
        versions: Sequence[str | None],
        columns: Sequence[Sequence[str | None]],
    ) -> None:
        names = [f"c{n}" for n in range(1, len(columns) + 1)]
        identifiers = sql.SQL(", ").join(map(sql.Identifier, names))
        connection.execute(
            sql.SQL(
                "insert into {table} as known (file_number, row_number, _key, _version{names})"
                " select 1, {first} + ordinality, _key, _version{names}"
                " from unnest(%s::text[], %s::text[]{arrays}) with ordinality as t (_key, _version{names}, ordinality)"
                " on conflict (_key) do update set row_number = excluded.row_number, _version = excluded._version{set}"
                " where excluded._version is null or known._version is null or excluded._version >= known._version"
            ).format(
                table=sql.Identifier(spool_schema(self.source), spool_table(dataset, kind)),
                names=sql.SQL(", {}").format(identifiers) if names else sql.SQL(""),
                first=sql.SQL("(select record_count from ops.walks where source = {} and dataset = {} and walk = {})")
                .format(sql.Literal(self.source), sql.Literal(dataset.name), sql.Literal(kind)),
                arrays=sql.SQL(", %s::text[]" * len(names)),
                set=sql.SQL("").join(
                    sql.SQL(", {} = excluded.{}").format(sql.Identifier(name), sql.Identifier(name)) for name in names
                ),
            ),
            (list(keys), list(versions), *map(list, columns)),
        )  # fmt: skip


def walk_fingerprint(dataset: DatasetMapping) -> str:
    """Return a hash of what decides what a page becomes here: another mapping cannot go on with these rows."""
    return hashlib.sha256(json.dumps([dataset.fingerprint, dataset.number, dataset.columns]).encode()).hexdigest()
