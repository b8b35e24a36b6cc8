"""The schema in which pages of a live system wait for their merge."""

from __future__ import annotations

from psycopg import Connection, sql


def spool_schema(source: str) -> str:
    """Return the name of the schema in which a source's pages wait."""
    return f"spool_{source}"


def drop_spool(connection: Connection, source: str) -> None:
    """Drop all that waits of a source, and how far its walks had come."""
    connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(spool_schema(source))))
    connection.execute("delete from ops.walks where source = %s", (source,))
