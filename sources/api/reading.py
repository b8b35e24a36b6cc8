"""Reads a live system into the spool: for each dataset its records, what it says is deleted, and every key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from sources.ahead import ahead
from sources.api.connector import Connector, Page, SourceField, State, StateExpiredError, WalkKind
from sources.api.drift import refuse_changed
from sources.api.spool import Spool, Walk, spool_table, walk_fingerprint
from sources.errors import SourceUnreachableError
from sources.feed import Progress
from sources.loading.columns import seen_before
from sources.loading.landed import Landed
from sources.loading.spool import spool_schema
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.mapping.reader import BadMappingError
from warehouse.database import Warehouse
from warehouse.night import Claim

_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class SystemReading:
    """One source's night of reading. `watermarks`: by dataset, up to when it has been read before, in ISO 8601."""

    mapping: SourceMapping
    connector: Connector
    claim: Claim
    warehouse: Warehouse
    watermarks: Mapping[str, str | None]
    progress: Progress
    warnings: list[str] = field(default_factory=list)

    @property
    def schema(self) -> str:
        return spool_schema(self.mapping.name)

    def read(self) -> list[Landed]:
        """Read all datasets, going on where an earlier attempt stopped; return what now waits in the spool.

        Raises what the connector raises, RenamedColumnError, MissingColumnError, RetypedColumnError and
        BadMappingError; what has been read until then stays in the spool.
        """
        fields_of: dict[str, Mapping[str, SourceField]] = {}
        for dataset in self.mapping.datasets:
            refuse_foreign_keys(self.mapping, dataset, self.connector.key_column)
            fields = self.connector.fields(dataset.options)
            refuse_changed(dataset, fields, thing=f"source {self.mapping.name}")
            fields_of[dataset.name] = fields
        spool = Spool(self.mapping.name, self.claim, self.warehouse)
        with closing(spool.connected()) as connection:
            landed = [
                replace(
                    self._read(spool, connection, self._keeping(connection, dataset, fields)), headers=tuple(fields)
                )
                for dataset, fields in ((each, fields_of[each.name]) for each in self.mapping.datasets)
            ]
        self.progress(f"{self.mapping.name}: {self.connector.usage()}")
        return landed

    def _keeping(
        self, connection: Connection, dataset: DatasetMapping, fields: Mapping[str, SourceField]
    ) -> DatasetMapping:
        """Return a dataset with the fields that are new in it; of a reference its id is read."""
        shown = {name: f"{name}.id" if each.is_lookup else name for name, each in fields.items() if each.may_be_kept}
        seen = seen_before(connection, dataset, source=self.mapping.name, as_of=self.claim.night.as_of)
        connection.rollback()
        return dataset.keeping(seen.to_keep(shown))

    def _read(self, spool: Spool, connection: Connection, dataset: DatasetMapping) -> Landed:
        since = None if dataset.is_full else self._since(dataset)
        records = self._walk(spool, connection, dataset, "records", since=since)
        while records.began_on != self.claim.night.as_of:
            # a first load that an earlier night had begun: what changed since then, on top of it
            began = records.system_began_at or since
            again = None if began is None else began - timedelta(days=dataset.options.lookback_days)
            spool.begin(connection, dataset, "records", since=again, keeps_rows=True)
            records = self._walk(spool, connection, dataset, "records", since=again)
        keys_table = deleted_table = None
        if since is not None and self.connector.deleted(dataset.options, since=since, state=None) is not None:
            self._walk(spool, connection, dataset, "deleted", since=since)
            deleted_table = spool_table(dataset, "deleted")
        if dataset.is_swept and since is not None:
            self._walk(spool, connection, dataset, "keys", since=None)
            keys_table = spool_table(dataset, "keys")
        return Landed(
            dataset,
            keys_table=keys_table,
            deleted_table=deleted_table,
            watermark_before=self.watermarks.get(dataset.name),
            read_up_to=records.system_began_at,
        )

    def _since(self, dataset: DatasetMapping) -> datetime | None:
        watermark = self.watermarks.get(dataset.name)
        if watermark is None:
            return None
        return datetime.fromisoformat(watermark).astimezone(UTC) - timedelta(days=dataset.options.lookback_days)

    def _walk(
        self, spool: Spool, connection: Connection, dataset: DatasetMapping, kind: WalkKind, *, since: datetime | None
    ) -> Walk:
        """Bring a walk to its end; one that the same night has ended stays as it is."""
        walk = spool.walk(connection, dataset, kind)
        night = self.claim.night.as_of
        if (
            walk is None
            or walk.fingerprint != walk_fingerprint(dataset)
            or (walk.began_on != night and (walk.is_done or kind != "records" or walk.since != since))
        ):
            walk = spool.begin(connection, dataset, kind, since=since)
        if walk.is_done:
            return walk
        state = walk.state
        for _ in range(_RESTARTS):
            try:
                for page in ahead(self._pages(dataset, kind, since=walk.since, state=state)):
                    count = spool.add(connection, dataset, kind, page, key_column=self.connector.key_column)
                    self._tell(dataset, kind, count, page)
                break
            except StateExpiredError:
                self.warnings.append(f"{dataset.name}: the system dropped the walk's state; it was begun anew")
                state = spool.begin(connection, dataset, kind, since=walk.since).state
        else:
            raise SourceUnreachableError(
                f"source {self.mapping.name}, dataset {dataset.name}",
                seen=f"the system dropped the state of the walk {_RESTARTS} times",
                expected="a walk that can be gone on with",
                next_step="run the extract again; if it stays, make the first load smaller or ask the vendor",
            )
        spool.finish(connection, dataset, kind)
        ended = spool.walk(connection, dataset, kind)
        return walk if ended is None else ended

    def _pages(
        self, dataset: DatasetMapping, kind: WalkKind, *, since: datetime | None, state: State | None
    ) -> Iterator[Page]:
        if kind == "records":
            return self.connector.records(dataset.options, dataset.columns, since=since, state=state)
        if kind == "keys":
            return self.connector.keys(dataset.options, state=state)
        pages = None if since is None else self.connector.deleted(dataset.options, since=since, state=state)
        return iter(()) if pages is None else pages

    def _tell(self, dataset: DatasetMapping, kind: WalkKind, count: int, page: Page) -> None:
        told = {"records": "records", "keys": "keys", "deleted": "deletions"}[kind]
        of = f" of {page.total:,}" if page.total and kind == "records" else ""
        self.progress(f"{self.mapping.name}.{dataset.name}: {count:,}{of} {told}")


def refuse_foreign_keys(mapping: SourceMapping, dataset: DatasetMapping, key_column: str) -> None:
    """Raise BadMappingError when what is gone could not be told: the key is not the system's own."""
    for entity in dataset.entities if dataset.is_swept else ():
        used = {column for name in entity.contract.key for column in entity.fields[name].columns()}
        if used != {key_column}:
            raise BadMappingError(
                mapping.place.at("entities", entity.entity, "fields", entity.contract.key[0]),
                seen=f"a key made of {', '.join(sorted(used)) or 'no column'}",
                expected=f"a key made of {key_column}, by which the system is asked what is gone",
                next_step=f"give the key as `{key_column}`, or write `sweep: false` for the dataset"
                " and do without deletions",
            )
