"""Records that a source no longer has: found, doubted when they are too many, and noted as deleted versions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from psycopg import sql

from sources.loading.erased import pseudonymous
from sources.loading.typed_rows import Work, record_id, typed_table
from sources.mapping.mapping import DatasetMapping, EntityMapping
from warehouse.errors import Problem

DELETED_HASH = "deleted"
"""The content_hash of a deleted version: no other has it, so a record that comes back is a change."""

_ALWAYS_BORNE = 3


class VanishedRowsError(Problem):
    """So many records are missing from a source that it is rather the extract that is broken."""


def find_gone(
    work: Work,
    dataset: DatasetMapping,
    entity: EntityMapping,
    *,
    source: str,
    gens: Sequence[int],
    is_complete: bool,
    keys_table: str | None,
    deleted_table: str | None,
) -> int:
    """Make gone_<entity> with the live records of raw that are gone; return how many nobody has told us of.

    A record has vanished when the extract is complete (every row, or every key in `keys_table`) and it is in
    neither; it is deleted when `deleted_table`, the source's own list, has its key and tonight's rows have not.
    Rows that a rule refused are there all the same. `gens` are this day's own, whose versions do not count.
    """
    nothing = sql.SQL("select null::text as _record_id where false")
    seen = sql.SQL("select _record_id from {} where _record_id <> ''").format(work.table(typed_table(entity)))
    keys = nothing if keys_table is None else _keys(work, dataset, entity, keys_table, source=source)
    told = nothing if deleted_table is None else _keys(work, dataset, entity, deleted_table, source=source)
    work.execute(
        sql.SQL(
            """
            create unlogged table {gone} as
            with newest as (
                select distinct on (record_id) record_id, is_deleted from raw.{entity}
                where source = {source} and known_at < {night} and gen <> all({gens})
                order by record_id, known_at desc
            ),
            seen as materialized ({seen}),
            present as materialized (select _record_id from seen union {keys}),
            told as materialized ({told})
            select record_id as _record_id, record_id in (select _record_id from told) as _is_told
            from newest
            where not is_deleted
                and (
                    ({is_complete} and not exists (select from present where present._record_id = record_id))
                    or (
                        exists (select from told where told._record_id = record_id)
                        and not exists (select from present where present._record_id = record_id)
                    )
                )
            """
        ).format(
            gone=work.table(gone_table(entity)),
            entity=sql.Identifier(entity.entity),
            source=sql.Literal(source),
            night=work.end_of(work.as_of),
            gens=sql.Literal(list(gens)),
            seen=seen,
            keys=keys,
            told=told,
            is_complete=sql.Literal(is_complete),
        )
    )
    return work.count(gone_table(entity), "not _is_told")


def refuse_too_many_gone(
    work: Work, entity: EntityMapping, vanished: int, *, source: str, limit: float, thing: str
) -> None:
    """Raise VanishedRowsError when more than the limit's share of the live records vanished; three are always borne."""
    row = work.connection.execute(
        sql.SQL(
            "select count(*) from (select distinct on (record_id) is_deleted from raw.{} where source = {}"
            " and known_at < {} order by record_id, known_at desc) as newest where not is_deleted"
        ).format(sql.Identifier(entity.entity), sql.Literal(source), work.end_of(work.as_of))
    ).fetchone()
    known = 0 if row is None else int(row[0])
    allowed = max(_ALWAYS_BORNE, math.floor(limit * known))
    if vanished > allowed:
        raise VanishedRowsError(
            f"{thing}, entity {entity.entity}",
            seen=f"{vanished:,} of {known:,} records are no longer there",
            expected=f"at most {allowed:,} ({limit:.0%}) in one night",
            next_step="check that the export ran to its end and that this user still sees everything. If they are"
            " truly gone, raise vanish_limit for one night. Nothing was replaced; run the night again.",
        )


def add_deletions(work: Work, entity: EntityMapping, *, source: str, gen: int) -> int:
    """Insert a deleted version for every record of gone_<entity>, with what was last known of it; return how many."""
    names = sql.SQL(", ").join(map(sql.Identifier, entity.contract.columns))
    return work.execute(
        sql.SQL(
            "insert into raw.{entity} (source, record_id, content_hash, known_at, gen, is_deleted, {names})"
            " select distinct on (r.record_id) r.source, r.record_id, {hash}, {night} - interval '1 microsecond',"
            " {gen}, true, {old} from raw.{entity} as r inner join {gone} as g on g._record_id = r.record_id"
            " where r.source = {source} and r.known_at < {night} order by r.record_id, r.known_at desc"
        ).format(
            entity=sql.Identifier(entity.entity),
            names=names,
            hash=sql.Literal(DELETED_HASH),
            night=work.end_of(work.as_of),
            gen=sql.Literal(gen),
            old=sql.SQL(", ").join(sql.Identifier("r", name) for name in entity.contract.columns),
            gone=work.table(gone_table(entity)),
            source=sql.Literal(source),
        )
    )


def gone_table(entity: EntityMapping) -> str:
    return f"gone_{entity.entity}"


def _keys(work: Work, dataset: DatasetMapping, entity: EntityMapping, table: str, *, source: str) -> sql.Composable:
    """Return a select of the record ids in a landing table of keys."""
    keys = sql.SQL("select {} as _record_id from {} as l").format(record_id(dataset, entity), work.table(table))
    return pseudonymous(keys, entity, source=source) if work.knows_erased else keys
