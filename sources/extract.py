"""Extracts one source: read it, land it, merge it into raw."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace

from sources.api.reading import SystemReading
from sources.databases.database import SourceDatabase, refuse_changed
from sources.databases.opening import open_database
from sources.errors import UndeliveredError
from sources.feed import Feed, Progress
from sources.files.folder import file_feed, list_files, plan_files
from sources.files.place import opened_store
from sources.files.store import FileStore
from sources.loading import ledger
from sources.loading.carrying import carry
from sources.loading.columns import SeenBefore, seen_before, told_columns
from sources.loading.landed import Landed
from sources.loading.landing import drop_landings, land
from sources.loading.merge import Merge
from sources.loading.report import Carried, EntityReport, ExtractReport
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.mapping.reader import read_mapping
from sources.outside import Outside
from sources.systems import KINDS, open_system
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.errors import Problem
from warehouse.night import Claim, FencedError


def extract_source(
    company: Company,
    source: str,
    *,
    claim: Claim,
    warehouse: Warehouse,
    outside: Outside,
    is_last_try: bool = False,
    progress: Progress = lambda _: None,
) -> ExtractReport:
    """Read what a source has up to the night's day and merge what is new into schema raw; return the counts.

    Running it again for the same day replaces what that day had loaded. A night before the newest loaded day loads
    nothing: raw knows what was known then. In the last try a source that gives nothing is carried forward, where its
    mapping lets it be. Raises Problem; then raw is as it was, and ops.extracts tells why.
    """
    mapping = read_mapping(company, source)
    return _Extract(mapping, company, claim, warehouse, outside, is_last_try, progress).run()


@dataclass(slots=True)
class _Extract:
    mapping: SourceMapping
    company: Company
    claim: Claim
    warehouse: Warehouse
    outside: Outside
    is_last_try: bool
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def run(self) -> ExtractReport:
        name, night = self.mapping.name, self.claim.night
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            newest = ledger.newest_day(connection, name)
        if newest is not None and newest > night.as_of:
            self.warnings.append(f"{name} has been loaded up to {newest}; {night.as_of} is answered from what raw knew")
            reports = ledger.entities_of(self.mapping)
            self._note(reports, state="skipped", problem=None)
            return self._report(reports)
        try:
            schema, landed = self._land_any()
        except FencedError:
            raise
        except UndeliveredError as problem:
            return self._go_on_without(problem)
        except Problem as problem:
            self._note(ledger.entities_of(self.mapping), state="failed", problem=str(problem))
            raise
        merge = Merge(self.mapping, landed, schema, self.claim, self.company.timezone, self.progress, self.started)
        reports = merge.run(self.warehouse)
        drop_landings(self.warehouse, claim=self.claim, source=name)
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            datasets = [each.dataset for each in landed]
            self.warnings += told_columns(connection, datasets, claim=self.claim, source=name)
        return self._report(reports)

    def _go_on_without(self, problem: UndeliveredError) -> ExtractReport:
        """Note that the source is carried forward, or raise why it cannot be. What was read stays in the spool."""
        reports = ledger.entities_of(self.mapping)
        try:
            if not self.is_last_try:
                raise problem
            with closing(self.warehouse.connect(Role.LOADER)) as connection:
                carried = carry(connection, self.mapping, problem, night=self.claim.night)
        except UndeliveredError as stays:
            self._note(reports, state="failed", problem=str(stays))
            raise
        self._note(reports, state="carried", problem=str(problem))
        return self._report(reports, carried)

    def _land_any(self) -> tuple[str, list[Landed]]:
        kind = self.mapping.options.kind
        if kind in KINDS:
            return self._read_system()
        return self._land_database() if kind == "erp_database" else self._land_files()

    def _read_system(self) -> tuple[str, list[Landed]]:
        name = self.mapping.name
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            watermarks = {
                dataset.name: ledger.watermark_before(connection, name, dataset, self.claim.night.as_of)
                for dataset in self.mapping.datasets
            }
        with closing(open_system(self.mapping.options, self.outside)) as connector:
            reading = SystemReading(self.mapping, connector, self.claim, self.warehouse, watermarks, self.progress)
            landed = reading.read()
        self.warnings += reading.warnings
        return reading.schema, landed

    def _land_files(self) -> tuple[str, list[Landed]]:
        copies = self.claim.night.folder / f"files-{self.mapping.name}-{self.claim.number}"
        with opened_store(
            self.mapping, company_folder=self.company.folder, outside=self.outside, copies=copies
        ) as store:
            seen = [self._seen_before(dataset) for dataset in self.mapping.datasets]
            kept = [each.to_keep(dict(zip(each.news, each.news, strict=True))) for each in seen]
            while True:
                planned = [
                    self._plan(dataset.keeping(columns), store)
                    for dataset, columns in zip(self.mapping.datasets, kept, strict=True)
                ]
                schema = self._land([feed for _, feed in planned if feed is not None])
                landed = [each for each, _ in planned]
                shown = [before.to_keep(each.plain_headers) for before, each in zip(seen, landed, strict=True)]
                if all(set(found) <= set(columns) for found, columns in zip(shown, kept, strict=True)):
                    return schema, landed
                # only reading shows the columns of a file: where there are new ones, once more with them
                drop_landings(self.warehouse, claim=self.claim, source=self.mapping.name)
                kept = [tuple(dict.fromkeys((*columns, *found))) for columns, found in zip(kept, shown, strict=True)]

    def _seen_before(self, dataset: DatasetMapping) -> SeenBefore:
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            return seen_before(connection, dataset, source=self.mapping.name, as_of=self.claim.night.as_of)

    def _plan(self, dataset: DatasetMapping, store: FileStore) -> tuple[Landed, Feed | None]:
        """Return what a dataset will have landed, and its feed where there is a file to read."""
        name, as_of = self.mapping.name, self.claim.night.as_of
        files = list_files(dataset, store, thing=f"source {name}, dataset {dataset.name}")
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            before = ledger.files_read_before(connection, name, dataset, as_of)
        plan = plan_files(files, before, dataset=dataset, as_of=as_of)
        headers: dict[str, bool] = {}
        feed = file_feed(
            dataset,
            [each.file for each in plan.to_read],
            store,
            source=name,
            progress=self.progress,
            headers=headers,
        )
        landed = Landed(dataset, plan.to_read, feed.row_counts, plan.held_back_count, headers=headers)
        return landed, feed if plan.to_read else None

    def _land_database(self) -> tuple[str, list[Landed]]:
        name, as_of = self.mapping.name, self.claim.night.as_of
        database = self._database(self.mapping)
        columns, datasets = {}, []
        with database.inspected() as inspection:
            for dataset in self.mapping.datasets:
                columns[dataset.name] = found = inspection.columns_of(dataset)
                refuse_changed(database.thing, dataset, found)
                shown = {each: each for each, column in found.items() if column.may_be_kept}
                datasets.append(dataset.keeping(self._seen_before(dataset).to_keep(shown)))
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            watermarks = {
                dataset.name: ledger.watermark_before(connection, name, dataset, as_of)
                for dataset in self.mapping.datasets
                if dataset.options.cursor is not None
            }
        landed = [
            Landed(
                dataset,
                cursor_is_time=None
                if dataset.options.cursor is None
                else columns[dataset.name][dataset.options.cursor].is_time,
                watermark_before=watermarks.get(dataset.name),
                keys_table=dataset.keys_table if dataset.is_swept else None,
                headers=frozenset(columns[dataset.name]),
            )
            for dataset in datasets
        ]
        widened = self._database(replace(self.mapping, datasets=tuple(datasets)))
        with widened.snapshot(columns, progress=self.progress, warnings=self.warnings) as snapshot:
            return self._land([*snapshot.feeds(watermarks), *snapshot.key_feeds()]), landed

    def _database(self, mapping: SourceMapping) -> SourceDatabase:
        return open_database(mapping, erp_url=self.outside.erp_url, environment=self.outside.environment)

    def _land(self, feeds: list[Feed]) -> str:
        schema = land(feeds, claim=self.claim, source=self.mapping.name, warehouse=self.warehouse)
        self.progress(f"{self.mapping.name}: landed")
        return schema

    def _note(self, reports: list[EntityReport], *, state: str, problem: str | None) -> None:
        with closing(self.warehouse.connect(Role.LOADER)) as connection, connection:
            self.claim.assert_held(connection)
            ledger.note_extract(
                connection,
                reports,
                claim=self.claim,
                source=self.mapping.name,
                state=state,
                problem=problem,
                seconds=time.monotonic() - self.started,
            )

    def _report(self, reports: list[EntityReport], carried: Carried | None = None) -> ExtractReport:
        seconds = round(time.monotonic() - self.started, 2)
        return ExtractReport(self.mapping.name, tuple(reports), tuple(self.warnings), seconds, carried)
