"""One transaction a source: landed text becomes versions in raw, refused rows, and notes of how far we are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from sources.feed import Progress
from sources.loading import ledger
from sources.loading.columns import note_columns
from sources.loading.deletions import VanishedRowsError, add_deletions, find_gone, refuse_too_many_gone
from sources.loading.duplicates import merge_repeats, merged_table, refuse_duplicates
from sources.loading.erased import suppress_erased, use_erasures
from sources.loading.landed import Landed
from sources.loading.landing import ensure_tables
from sources.loading.progress import note_progress
from sources.loading.quarantine import note_refused, refuse_retyped, refuse_too_many, refused_rows
from sources.loading.report import EntityReport
from sources.loading.spool import drop_spool, spool_schema
from sources.loading.typed_rows import Work, dated_table, make_dated, make_typed
from sources.loading.versions import add_versions, forget_night, is_first_load
from sources.mapping.mapping import EntityMapping, SourceMapping
from sources.mapping.place import Path
from sources.mapping.reader import BadMappingError
from warehouse.database import Role, Warehouse
from warehouse.errors import GateClosedError, Problem
from warehouse.night import Claim

_PG_INPUT_IS_VALID = 160000


class EmptyFirstLoadError(Problem):
    """The first load of an entity has not one row."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The landed rows of one source on their way into raw."""

    mapping: SourceMapping
    landed: Sequence[Landed]
    schema: str
    claim: Claim
    timezone: str
    progress: Progress
    started: float

    def run(self, warehouse: Warehouse) -> list[EntityReport]:
        """Merge everything, or nothing; raise what stops it.

        QuarantineLimitError, RetypedColumnError, VanishedRowsError and EmptyFirstLoadError come before
        anything is written to raw, with the refused rows and the failure noted.
        """
        with closing(warehouse.connect(Role.LOADER, application_name="guanxi-extract")) as connection:
            with connection:
                self.claim.assert_held(connection)
                work = self._work(connection, warehouse)
                try:
                    reports = [report for each in self.landed for report in self._type(work, each)]
                except psycopg.errors.InvalidRegularExpression as error:
                    raise self._bad_pattern(work, error) from None
                problem = self._first_problem(work, reports)
                if problem is None:
                    reports = self._load(work, reports)
                else:
                    self._note_failure(work, reports, problem)
            # leaving the block committed: raw and its notes, or nothing but the notes of a failure
            if problem is not None:
                raise problem
            return reports

    def _work(self, connection: psycopg.Connection, warehouse: Warehouse) -> Work:
        # a source's moments without an offset are in the business time zone
        connection.execute(sql.SQL("set local timezone = {}").format(sql.Literal(self.timezone)))
        connection.execute("set local datestyle = 'ISO, YMD'")
        connection.execute("set local work_mem = '128MB'")
        connection.execute("set local jit = off")
        ensure_tables(connection, self.schema, {each.dataset.table: len(each.dataset.columns) for each in self.landed})
        return Work(
            connection,
            self.schema,
            self.claim.night.as_of,
            self.timezone,
            knows_validity=connection.info.server_version >= _PG_INPUT_IS_VALID,
            knows_erased=use_erasures(connection, warehouse, source=self.mapping.name),
        )

    def _type(self, work: Work, landed: Landed) -> list[EntityReport]:
        dataset = landed.dataset
        make_dated(work, dataset, loaded_through=landed.loaded_through, cursor_is_time=landed.cursor_is_time)
        held_back = landed.held_back_before + work.count(dated_table(dataset), "_is_held_back")
        reports = []
        for entity in dataset.entities:
            self.progress(f"{self.mapping.name}: checking {entity.entity}")
            make_typed(work, dataset, entity)
            erased = suppress_erased(work, entity, source=self.mapping.name) if work.knows_erased else 0
            if entity.options.one_per_key:
                merge_repeats(work, entity)
            else:
                refuse_duplicates(work, entity)
            refused = refused_rows(work, entity)
            quarantined = sum(each.count for each in refused)
            reports.append(
                EntityReport(
                    entity.entity,
                    dataset.name,
                    dataset.is_full,
                    extracted=work.count(merged_table(entity), "_rule is null") + quarantined,
                    quarantined=quarantined,
                    held_back=held_back,
                    newest_event=work.newest_day(merged_table(entity), entity),
                    refused=refused,
                    erased=erased,
                )
            )
        return reports

    def _entities(self) -> list[tuple[Landed, EntityMapping]]:
        return [(landed, entity) for landed in self.landed for entity in landed.dataset.entities]

    def _first_problem(self, work: Work, reports: Sequence[EntityReport]) -> Problem | None:
        thing = f"source {self.mapping.name}"
        try:
            for (landed, entity), report in zip(self._entities(), reports, strict=True):
                self._refuse_empty(work, landed, entity, report, thing=thing)
                self._find_gone(work, landed, entity)
                refuse_retyped(work, entity, report.refused, thing=thing)
                refuse_too_many(
                    entity,
                    report.refused,
                    extracted=report.extracted,
                    limit=self.mapping.options.quarantine_limit,
                    thing=thing,
                )
        except (EmptyFirstLoadError, VanishedRowsError, GateClosedError) as problem:
            return problem
        return None

    def _refuse_empty(
        self, work: Work, landed: Landed, entity: EntityMapping, report: EntityReport, *, thing: str
    ) -> None:
        if report.extracted or (landed.watermark_before is not None and not landed.dataset.is_full):
            return  # what was read before may all be in quarantine, and nothing has changed since
        gens = ledger.gens_of_day(work.connection, self.mapping.name, self.claim.night)
        if is_first_load(work, entity, source=self.mapping.name, gens=gens):
            waiting = f"; {report.held_back:,} rows are later than {work.as_of}" if report.held_back else ""
            raise EmptyFirstLoadError(
                f"{thing}, entity {entity.entity}",
                seen=f"no row{waiting}",
                expected="at least one row in the first load",
                next_step="check `where`, `happened_at` and the data"
                + (", or run a later day" if report.held_back else ""),
            )

    def _find_gone(self, work: Work, landed: Landed, entity: EntityMapping) -> None:
        if not landed.may_lack_records:
            return
        source = self.mapping.name
        gens = ledger.gens_of_day(work.connection, source, self.claim.night)
        vanished = find_gone(
            work,
            landed.dataset,
            entity,
            source=source,
            gens=gens,
            is_complete=landed.is_complete,
            keys_table=landed.keys_table,
            deleted_table=landed.deleted_table,
        )
        refuse_too_many_gone(
            work,
            entity,
            vanished,
            source=source,
            limit=self.mapping.options.vanish_limit,
            thing=f"source {source}",
        )

    def _load(self, work: Work, reports: Sequence[EntityReport]) -> list[EntityReport]:
        source, night = self.mapping.name, self.claim.night
        gens = ledger.gens_of_day(work.connection, source, night)
        work.connection.execute(
            "delete from quarantine.rows where source = %s and gen = any(%s)", (source, [*gens, night.gen])
        )
        loaded = []
        for (landed, entity), report in zip(self._entities(), reports, strict=True):
            self.progress(f"{source}: loading {entity.entity}")
            forget_night(work, entity, source=source, gens=gens)
            is_first = is_first_load(work, entity, source=source, gens=gens)
            changes = add_versions(work, landed.dataset, entity, source=source, gen=night.gen, is_first=is_first)
            deleted = add_deletions(work, entity, source=source, gen=night.gen) if landed.may_lack_records else 0
            if report.quarantined:
                note_refused(work, landed.dataset, entity, claim=self.claim, source=source, failed=False)
            loaded.append(
                replace(report, new=changes.new, changed=changes.changed, unchanged=changes.unchanged, deleted=deleted)
            )
        for landed in self.landed:
            note_progress(work, landed, claim=self.claim, source=self.mapping.name)
            note_columns(work.connection, landed, claim=self.claim, source=self.mapping.name)
        self._note(work, loaded, state="loaded", problem=None)
        self._drop_spool(work)
        return loaded

    def _drop_spool(self, work: Work) -> None:
        """Drop what was read page by page: it is in raw now, or somebody has to mend something and it is read anew."""
        if self.schema == spool_schema(self.mapping.name):
            drop_spool(work.connection, self.mapping.name)

    def _note_failure(self, work: Work, reports: Sequence[EntityReport], problem: Problem) -> None:
        for (landed, entity), report in zip(self._entities(), reports, strict=True):
            if report.quarantined:
                note_refused(work, landed.dataset, entity, claim=self.claim, source=self.mapping.name, failed=True)
        self._note(work, reports, state="failed", problem=str(problem))
        self._drop_spool(work)

    def _note(self, work: Work, reports: Sequence[EntityReport], *, state: str, problem: str | None) -> None:
        ledger.note_extract(
            work.connection,
            reports,
            claim=self.claim,
            source=self.mapping.name,
            state=state,
            problem=problem,
            seconds=time.monotonic() - self.started,
        )

    def _bad_pattern(self, work: Work, error: psycopg.errors.InvalidRegularExpression) -> BadMappingError:
        work.connection.rollback()
        return BadMappingError(
            self.mapping.place.at(*_place_of_bad_pattern(work.connection, self.mapping)),
            seen=error.diag.message_primary or "a pattern that is no regular expression",
            expected="PostgreSQL regular expressions in matches, not_matches and strip",
            next_step="correct the pattern",
        )


def _place_of_bad_pattern(connection: psycopg.Connection, mapping: SourceMapping) -> Path:
    """Return where the first pattern stands that the server cannot read; its own error does not say which it was."""
    for entity in mapping.entities:
        for path, pattern in entity.places_of_patterns():
            try:
                with connection.transaction():
                    connection.execute("select '' ~ %s", (pattern,))
            except psycopg.errors.InvalidRegularExpression:
                return ("entities", entity.entity, *path)
    return ()
