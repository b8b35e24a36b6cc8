"""How far a dataset has been read: noted in the transaction that merges what was read."""

from __future__ import annotations

from datetime import UTC

from psycopg import sql

from sources.loading import ledger
from sources.loading.landed import Landed
from sources.loading.typed_rows import Work, dated_table
from sources.mapping.mapping import DatasetMapping
from warehouse.night import Claim


def note_progress(work: Work, landed: Landed, *, claim: Claim, source: str) -> None:
    """Write which files, or up to which moment or value, a dataset has been read."""
    dataset = landed.dataset
    if dataset.options.files:
        held = _held_back_by_file(work, dataset)
        nothing = ledger.Held(0, None)
        files = [
            (each.file, landed.row_counts.get(each.file.number, 0), held.get(each.file.number, nothing))
            for each in landed.files
        ]
        ledger.note_files(work.connection, dataset, files, claim=claim, source=source)
    elif dataset.options.cursor is not None or dataset.options.object is not None:
        newest = _newest_version(work, landed) if dataset.options.object else _watermark(work, dataset)
        ledger.note_watermark(work.connection, dataset, newest or landed.watermark_before, claim=claim, source=source)


def _held_back_by_file(work: Work, dataset: DatasetMapping) -> dict[int, ledger.Held]:
    rows = work.connection.execute(
        sql.SQL(
            "select file_number, count(*), min(_happened_at)::date from {} where _is_held_back group by file_number"
        ).format(work.table(dated_table(dataset)))
    )
    return {number: ledger.Held(count, first) for number, count, first in rows}


def _newest_version(work: Work, landed: Landed) -> str | None:
    """Return up to when a system has been read: until it was asked, but not past a row that is held back."""
    row = work.connection.execute(
        sql.SQL("select min(_version) filter (where _is_held_back), max(_version) from {}").format(
            work.table(dated_table(landed.dataset))
        )
    ).fetchone()
    held_back, newest = row if row is not None else (None, None)
    asked = None if landed.read_up_to is None else landed.read_up_to.astimezone(UTC).isoformat(timespec="seconds")
    return held_back or asked or newest


def _watermark(work: Work, dataset: DatasetMapping) -> str | None:
    """Return the newest cursor value landed, but none after a row that is held back: it must be read again."""
    if dataset.options.cursor is None:
        return None
    cursor = sql.Identifier(dataset.landed_name(dataset.options.cursor))
    table = work.table(dated_table(dataset))
    row = work.connection.execute(
        sql.SQL(
            "select coalesce("
            "(select {c} from {t} where _is_held_back and {c} is not null order by _precedence limit 1),"
            " (select {c} from {t} where {c} is not null order by _precedence desc limit 1))"
        ).format(c=cursor, t=table)
    ).fetchone()
    return None if row is None else row[0]
