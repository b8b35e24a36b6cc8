"""What ops.extracts, ops.files and ops.cursors remember of a source's extracts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg

from sources.files.folder import ReadBefore, SourceFile
from sources.loading.report import EntityReport
from sources.mapping.mapping import DatasetMapping, SourceMapping
from warehouse.night import Claim, Night


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one file (or table) that are later than the night's day, and the first such day."""

    count: int
    first: date | None


def newest_day(connection: psycopg.Connection, source: str) -> date | None:
    """Return the newest day that has been loaded of a source."""
    row = connection.execute(
        "select max(as_of) from ops.extracts where source = %s and state = 'loaded'", (source,)
    ).fetchone()
    return None if row is None else row[0]


def newest_load(connection: psycopg.Connection, source: str, as_of: date) -> tuple[date, frozenset[str]] | None:
    """Return the newest day up to `as_of` that a source has been loaded for, and the entities it gave then."""
    row = connection.execute(
        "select as_of, array_agg(distinct entity) from ops.extracts"
        " where source = %s and as_of <= %s and state = 'loaded' group by as_of order by as_of desc limit 1",
        (source, as_of),
    ).fetchone()
    return None if row is None else (row[0], frozenset(row[1]))


def gens_of_day(connection: psycopg.Connection, source: str, night: Night) -> list[int]:
    """Return the generations that have loaded a source for the night's day."""
    rows = connection.execute(
        "select distinct gen from ops.extracts where source = %s and as_of = %s and state = 'loaded'",
        (source, night.as_of),
    )
    return [gen for (gen,) in rows]


def files_read_before(
    connection: psycopg.Connection, source: str, dataset: DatasetMapping, as_of: date
) -> dict[str, ReadBefore]:
    """Return, by name, what was last read of each file before a day."""
    rows = connection.execute(
        "select distinct on (name) name, sha256, fingerprint, as_of, held_back_count, first_held_back from ops.files"
        " where source = %s and dataset = %s and as_of < %s order by name, as_of desc",
        (source, dataset.name, as_of),
    )
    return {name: ReadBefore(*rest) for name, *rest in rows}


def watermark_before(connection: psycopg.Connection, source: str, dataset: DatasetMapping, as_of: date) -> str | None:
    """Return how far a dataset was read before a day, or None to read it all: at first, or with a new mapping."""
    row = connection.execute(
        "select watermark, fingerprint from ops.cursors where source = %s and dataset = %s and as_of < %s"
        " order by as_of desc limit 1",
        (source, dataset.name, as_of),
    ).fetchone()
    return None if row is None or row[1] != dataset.fingerprint else row[0]


def note_extract(
    connection: psycopg.Connection,
    entities: Iterable[EntityReport],
    *,
    claim: Claim,
    source: str,
    state: str,
    problem: str | None,
    seconds: float,
) -> None:
    """Write a row for each entity."""
    for each in entities:
        connection.execute(
            "insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count,"
            " new_count, changed_count, unchanged_count, quarantined_count, deleted_count, held_back_count,"
            " newest_event_date, problem, seconds)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                claim.night.gen, claim.number, source, each.entity, each.dataset, claim.night.as_of, each.is_full,
                state, each.extracted, each.new, each.changed, each.unchanged, each.quarantined, each.deleted,
                each.held_back, each.newest_event, problem, round(seconds, 2),
            ),
        )  # fmt: skip


def note_files(
    connection: psycopg.Connection,
    dataset: DatasetMapping,
    files: Iterable[tuple[SourceFile, int, Held]],
    *,
    claim: Claim,
    source: str,
) -> None:
    """Write what was read for the night's day: (file, its rows, those held back); earlier notes of the day go."""
    _forget(
        connection, "delete from ops.files where source = %s and dataset = %s and as_of = %s", claim, source, dataset
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.files (source, dataset, name, as_of, gen, sha256, fingerprint, row_count, held_back_count,"
            " first_held_back) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    source, dataset.name, file.name, claim.night.as_of, claim.night.gen, file.sha256,
                    dataset.fingerprint,
                    rows, held.count, held.first,
                )
                for file, rows, held in files
            ],
        )  # fmt: skip


def note_watermark(
    connection: psycopg.Connection, dataset: DatasetMapping, watermark: str | None, *, claim: Claim, source: str
) -> None:
    """Write how far a dataset is read for the night's day."""
    _forget(
        connection, "delete from ops.cursors where source = %s and dataset = %s and as_of = %s", claim, source, dataset
    )
    connection.execute(
        "insert into ops.cursors (source, dataset, as_of, gen, watermark, fingerprint) values (%s, %s, %s, %s, %s, %s)",
        (source, dataset.name, claim.night.as_of, claim.night.gen, watermark, dataset.fingerprint),
    )


def entities_of(mapping: SourceMapping) -> list[EntityReport]:
    """Return a report without counts for each entity."""
    return [
        EntityReport(entity.entity, dataset.name, dataset.is_full)
        for dataset in mapping.datasets
        for entity in dataset.entities
    ]


def _forget(
    connection: psycopg.Connection, statement: LiteralString, claim: Claim, source: str, dataset: DatasetMapping
) -> None:
    connection.execute(statement, (source, dataset.name, claim.night.as_of))
