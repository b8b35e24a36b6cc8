"""Extracts one source: read it, land it, merge it into raw."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sources.databases.postgresql import SourceDatabase, cursor_is_time, database_url
from sources.feed import Feed, Progress
from sources.files.folder import file_feed, list_files, plan_files, source_folder
from sources.loading import ledger
from sources.loading.landing import drop_landings, land
from sources.loading.merge import Landed, Merge
from sources.loading.report import EntityReport, ExtractReport
from sources.mapping.mapping import SourceMapping
from sources.mapping.reader import read_mapping
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
    data: Path | None = None,
    erp_url: str | None = None,
    crm_folder: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> ExtractReport:
    """Read what a source has up to the night's day and merge what is new into schema raw; return the counts.

    `data` replaces a path under data/, `erp_url` is what ${GUANXI_ERP_URL} means, `crm_folder` is where a
    simulated company's files lie. Running it again for the same day replaces what that day had loaded. A night
    before the newest loaded day loads nothing: raw knows what was known then. Raises Problem; then raw is as it
    was, and ops.extracts tells why.
    """
    started = time.monotonic()
    mapping = read_mapping(company, source)
    extract = _Extract(mapping, company, claim, warehouse, progress, data, erp_url, crm_folder, started)
    return extract.run()


class _Extract:
    def __init__(  # noqa: PLR0913, PLR0917 - what extract_source was given
        self,
        mapping: SourceMapping,
        company: Company,
        claim: Claim,
        warehouse: Warehouse,
        progress: Progress,
        data: Path | None,
        erp_url: str | None,
        crm_folder: Path | None,
        started: float,
    ) -> None:
        self.mapping, self.company, self.claim, self.warehouse = mapping, company, claim, warehouse
        self.progress, self.data, self.erp_url, self.crm_folder = progress, data, erp_url, crm_folder
        self.started = started
        self.warnings: list[str] = []

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
            schema, landed = (
                self._land_database() if self.mapping.options.kind == "erp_database" else self._land_files()
            )
        except FencedError:
            raise
        except Problem as problem:
            self._note(ledger.entities_of(self.mapping), state="failed", problem=str(problem))
            raise
        merge = Merge(self.mapping, landed, schema, self.claim, self.company.timezone, self.progress, self.started)
        reports = merge.run(self.warehouse)
        drop_landings(self.warehouse, claim=self.claim, source=name)
        return self._report(reports)

    def _land_files(self) -> tuple[str, list[Landed]]:
        name, as_of = self.mapping.name, self.claim.night.as_of
        folder = source_folder(
            self.mapping, company_folder=self.company.folder, data=self.data, crm_folder=self.crm_folder
        )
        landed, feeds = [], []
        with closing(self.warehouse.connect(Role.LOADER)) as connection:
            for dataset in self.mapping.datasets:
                files = list_files(dataset, folder, thing=f"source {name}, dataset {dataset.name}")
                before = ledger.files_read_before(connection, name, dataset, as_of)
                plan = plan_files(files, before, dataset=dataset, as_of=as_of)
                feed = file_feed(
                    dataset,
                    [each.file for each in plan.to_read],
                    source=name,
                    progress=self.progress,
                    warnings=self.warnings,
                )
                if plan.to_read:
                    feeds.append(feed)
                landed.append(Landed(dataset, plan.to_read, feed.row_counts, plan.held_back_count))
        return self._land(feeds), landed

    def _land_database(self) -> tuple[str, list[Landed]]:
        name, as_of = self.mapping.name, self.claim.night.as_of
        database = SourceDatabase(self.mapping, database_url(self.mapping, self.erp_url))
        columns = {}
        with database.inspected() as connection:
            for dataset in self.mapping.datasets:
                columns[dataset.name] = database.columns_of(connection, dataset)
                database.refuse_changed(dataset, columns[dataset.name])
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
                else cursor_is_time(columns[dataset.name][dataset.options.cursor]),
                watermark_before=watermarks.get(dataset.name),
            )
            for dataset in self.mapping.datasets
        ]
        with database.feeds(watermarks, columns, progress=self.progress) as feeds:
            return self._land(feeds), landed

    def _land(self, feeds: list[Feed]) -> str:
        return land(feeds, claim=self.claim, source=self.mapping.name, warehouse=self.warehouse)

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

    def _report(self, reports: list[EntityReport]) -> ExtractReport:
        return ExtractReport(
            self.mapping.name, tuple(reports), tuple(self.warnings), round(time.monotonic() - self.started, 2)
        )
