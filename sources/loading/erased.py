"""Persons who were erased do not come back: in the rows of an extract they get their pseudonym before raw sees them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from sources.loading.typed_rows import Work, content_hash, typed_table
from sources.mapping.contract import EXTRA, person_columns
from sources.mapping.mapping import EntityMapping
from warehouse.database import Warehouse
from warehouse.erasure_key import OTHER_KEY, erasure_key, other_key


def use_erasures(connection: psycopg.Connection, warehouse: Warehouse, *, source: str) -> bool:
    """Let this transaction recognise erased persons; say whether there is anything to recognise.

    Raises ErasureKeyError when the house's secret has changed since.
    """
    try:
        row = connection.execute(
            "select persons + texts from ops.use_erasures(%s, %s)", (source, erasure_key(warehouse))
        ).fetchone()
    except psycopg.DatabaseError as error:
        if error.sqlstate != OTHER_KEY:
            raise
        raise other_key(f"source {source}") from None
    return row is not None and row[0] > 0


def suppress_erased(work: Work, entity: EntityMapping, *, source: str) -> int:
    """Replace erased persons in typed_<entity>; return how many rows were theirs or named them.

    Of a person's own rows who it was becomes null and what was written a digest. The hashes are made of what is left,
    so that a record which is read again unchanged is unchanged.
    """
    columns = {name: part for name, part in person_columns(entity.contract).items() if name in entity.fields}
    subjects, references, identity, words = (
        [name for name, part in columns.items() if part == wanted]
        for wanted in ("subject", "reference", "identity", "words")
    )
    table = work.table(typed_table(entity))
    if people := [*subjects, *references]:
        _find(work, entity, people, source=source)
        for name in references:
            _mark(work, entity, name, {name: sql.SQL("e.pseudonym")}, as_="named")
        for name in subjects:
            changes: dict[str, sql.Composable] = {name: sql.SQL("e.pseudonym"), "_seen": sql.SQL("null")}
            changes |= {each: sql.SQL("null") for each in identity}
            changes |= {each: sql.SQL("ops.erased_text(t.{})").format(sql.Identifier(each)) for each in words}
            if EXTRA in entity.fields:
                changes[EXTRA] = sql.SQL("null")
            if entity.contract.key == (name,):
                changes["_record_id"] = sql.SQL("e.pseudonym")
            _mark(work, entity, name, changes, as_="own")
    for name in (*words, *(each for each in (EXTRA,) if each in entity.fields)):
        work.execute(
            sql.SQL(
                "update {table} as t set {name} = r.replacement::{kind}, _erased = coalesce(t._erased, 'named')"
                " from (select words, ops.replacement_of(words) as replacement"
                " from (select distinct {name}::text as words from {table}) as each offset 0) as r"
                " where r.replacement is not null and t.{name}::text = r.words"
            ).format(table=table, name=sql.Identifier(name), kind=sql.SQL(entity.contract.columns[name].type))
        )
    if not entity.options.one_per_key:
        work.execute(
            sql.SQL("update {} set _content_hash = {} where _erased is not null").format(table, content_hash(entity))
        )
    return work.count(typed_table(entity), "_erased is not null")


def pseudonymous(keys: sql.Composable, entity: EntityMapping, *, source: str) -> sql.Composable:
    """Return a select of record ids with those of erased persons as raw has them; other entities' as they are."""
    if not any(part == "subject" and entity.contract.key == (name,)
               for name, part in person_columns(entity.contract).items()):  # fmt: skip
        return keys
    return sql.SQL(
        "select coalesce(ops.pseudonym_of({}, keys._record_id), keys._record_id) as _record_id from ({}) as keys"
    ).format(sql.Literal(source), keys)


def _find(work: Work, entity: EntityMapping, people: list[str], *, source: str) -> None:
    """Make erased_<entity> with the ids of erased persons among the rows, and their pseudonyms."""
    ids = sql.SQL(" union ").join(
        sql.SQL("select {} as id from {}").format(sql.Identifier(name), work.table(typed_table(entity)))
        for name in people
    )
    work.execute(
        sql.SQL(
            "create unlogged table {} as select * from (select id, ops.pseudonym_of({}, id) as pseudonym"
            " from ({}) as ids where id is not null offset 0) as found where pseudonym is not null"
        ).format(work.table(_erased(entity)), sql.Literal(source), ids)
    )


def _mark(work: Work, entity: EntityMapping, name: str, changes: dict[str, sql.Composable], *, as_: str) -> None:
    changed = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), value) for column, value in changes.items()
    )
    work.execute(
        sql.SQL("update {} as t set {}, _erased = {} from {} as e where t.{} = e.id").format(
            work.table(typed_table(entity)), changed, sql.Literal(as_), work.table(_erased(entity)),
            sql.Identifier(name),
        )
    )  # fmt: skip


def _erased(entity: EntityMapping) -> str:
    return f"erased_{entity.entity}"
