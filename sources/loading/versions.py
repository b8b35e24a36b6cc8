"""Versions of records in schema raw: what is new or has changed becomes one more version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from sources.loading.duplicates import carried_on, merged_table
from sources.loading.typed_rows import Work, content_hash
from sources.mapping.mapping import DatasetMapping, EntityMapping


@dataclass(frozen=True, slots=True)
class Changes:
    """How many records of an extract were new, changed and unchanged."""

    new: int
    changed: int
    unchanged: int


def forget_night(work: Work, entity: EntityMapping, *, source: str, gens: Sequence[int]) -> None:
    """Remove what earlier extracts of this same day put into raw, so that this one takes their place."""
    if gens:
        work.connection.execute(
            sql.SQL("delete from raw.{} where source = %s and gen = any(%s)").format(sql.Identifier(entity.entity)),
            (source, list(gens)),
        )


def is_first_load(work: Work, entity: EntityMapping, *, source: str, gens: Sequence[int]) -> bool:
    """Say whether raw has nothing of this entity from this source but what `gens`, of this same day, put there."""
    row = work.connection.execute(
        sql.SQL("select exists (select from raw.{} where source = %s and gen <> all(%s))").format(
            sql.Identifier(entity.entity)
        ),
        (source, list(gens)),
    ).fetchone()
    return row is None or not row[0]


def add_versions(
    work: Work, dataset: DatasetMapping, entity: EntityMapping, *, source: str, gen: int, is_first: bool
) -> Changes:
    """Insert into raw what it does not know yet.

    On a first load a record is known since its own date; afterwards since the end of the night's day.
    """
    if is_first:
        own = "coalesce(_known_at, _happened_at, {night})"
        known_at = sql.SQL("least(" + own + ", {night})").format(night=_night_end(work))
        hash_ = content_hash(entity) if entity.options.one_per_key else sql.SQL("_content_hash")
        table = work.table(merged_table(entity))
        new = _insert(
            work,
            entity,
            source=source,
            gen=gen,
            known_at=known_at,
            hash_=hash_,
            rows=table,
            where=sql.SQL("_rule is null"),
        )
        return Changes(new, 0, 0)
    _compare(work, dataset, entity, source=source)
    table = work.table(_compared(entity))
    rows = work.connection.execute(
        sql.SQL(
            "select count(*), count(*) filter (where _previous_hash is null),"
            " count(*) filter (where _previous_hash = _content_hash) from {}"
        ).format(table)
    ).fetchone()
    total, new, unchanged = rows if rows is not None else (0, 0, 0)
    _insert(
        work,
        entity,
        source=source,
        gen=gen,
        known_at=_night_end(work),
        hash_=sql.SQL("_content_hash"),
        rows=table,
        where=sql.SQL("_previous_hash is distinct from _content_hash"),
    )
    return Changes(new, total - new - unchanged, unchanged)


def _compare(work: Work, dataset: DatasetMapping, entity: EntityMapping, *, source: str) -> None:
    """Make compared_<entity>: each record with the hash of its newest version in raw, if there is one."""
    goes_on = entity.options.one_per_key and not dataset.is_full
    fields = [
        sql.SQL("{} as {}").format(
            carried_on(entity, name) if goes_on else sql.Identifier("s", name), sql.Identifier(name)
        )
        for name in entity.fields
    ]
    joined = sql.SQL(
        "select s._record_id, p.content_hash as _previous_hash, {own_hash} as _own_hash, {fields}"
        " from {rows} as s left join lateral (select * from raw.{entity} as r where r.source = {source}"
        " and r.record_id = s._record_id and r.known_at <= {night} order by r.known_at desc limit 1) as p on true"
        " where s._rule is null offset 0"
    ).format(
        own_hash=sql.SQL("null::text") if entity.options.one_per_key else sql.SQL("s._content_hash"),
        fields=sql.SQL(", ").join(fields),
        rows=work.table(merged_table(entity)),
        entity=sql.Identifier(entity.entity),
        source=sql.Literal(source),
        night=_night_end(work),
    )
    work.execute(
        sql.SQL(
            "create unlogged table {} as select *, coalesce(_own_hash, {}) as _content_hash from ({}) as joined"
        ).format(work.table(_compared(entity)), content_hash(entity), joined)
    )


def _insert(
    work: Work,
    entity: EntityMapping,
    *,
    source: str,
    gen: int,
    known_at: sql.Composable,
    hash_: sql.Composable,
    rows: sql.Identifier,
    where: sql.Composable,
) -> int:
    names = sql.SQL(", ").join(map(sql.Identifier, entity.fields))
    return work.execute(
        sql.SQL(
            "insert into raw.{entity} (source, record_id, content_hash, known_at, gen, {names})"
            " select {source}, _record_id, {hash}, {known_at}, {gen}, {names} from {rows} where {where}"
        ).format(
            entity=sql.Identifier(entity.entity),
            names=names,
            source=sql.Literal(source),
            hash=hash_,
            known_at=known_at,
            gen=sql.Literal(gen),
            rows=rows,
            where=where,
        )
    )


def _compared(entity: EntityMapping) -> str:
    return f"compared_{entity.entity}"


def _night_end(work: Work) -> sql.Composable:
    """Return SQL for the last moment of the night's day."""
    return sql.SQL("({} - interval '1 microsecond')").format(work.end_of(work.as_of))
