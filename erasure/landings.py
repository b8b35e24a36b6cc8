"""What waits for a merge: landed rows of dead extracts, and pages of live systems."""

from __future__ import annotations

import psycopg
from psycopg import sql

from erasure.person import Person

_SCHEMAS = "select nspname from pg_namespace where nspname ~ '^(landing_[0-9]+_.+_[0-9]+|spool_.+)$' order by 1"
_TABLES = (
    "select c.relname, array_agg(a.attname::text order by a.attnum) from pg_class c"
    " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
    " and a.atttypid = 'text'::regtype"
    " where c.relnamespace = %s::regnamespace and c.relkind = 'r' group by c.relname order by c.relname"
)


def find_landings(connection: psycopg.Connection, person: Person) -> dict[str, int]:
    """Return the schemas with rows of the person, or that name them, and how many; for the loader."""
    found = {}
    for (schema,) in connection.execute(_SCHEMAS).fetchall():
        is_own = schema == f"spool_{person.source}" or f"_{person.source}_" in schema
        count = 0
        for table, columns in connection.execute(_TABLES, (f'"{schema}"',)).fetchall():
            row = connection.execute(
                sql.SQL(
                    "select count(*) from {} where {} and {} = any(array[{}]) or exists (select from"
                    " unnest(array[{}]) as t (word) cross join unnest({}::text[]) as v (value)"
                    " where strpos(t.word, v.value) > 0)"
                ).format(
                    sql.Identifier(schema, table),
                    sql.Literal(is_own),
                    sql.Placeholder(),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.Placeholder(),
                ),
                (person.contact_id, [*person.addresses, *(person.names if is_own else ())]),
            ).fetchone()
            count += row[0] if row is not None else 0
        if count:
            found[schema] = count
    return found


def drop_landings(connection: psycopg.Connection, schemas: dict[str, int]) -> None:
    """Drop these schemas. Nothing is lost: the next extract of a source reads again what it had not merged."""
    for schema in schemas:
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        if schema.startswith("spool_"):
            connection.execute("delete from ops.walks where source = %s", (schema.removeprefix("spool_"),))
