"""What a program beside the warehouse needs of its own: a database that belongs to a role of it, and private files."""

from __future__ import annotations

import os
from pathlib import Path

from psycopg import sql

from warehouse.database import connect
from warehouse.house import with_database
from warehouse.migrate import create_database


def own_database(server_url: str, database: str, *, role: str, password: str) -> str:
    """Make a database that belongs to a role which can do nothing else; return the role's URL."""
    name = sql.Identifier(role)
    with connect(server_url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"guanxi.{role}",))
        if not connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
            connection.execute(sql.SQL("create role {} login").format(name))
        connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(password)))
    create_database(server_url, database)
    with connect(server_url) as connection:
        connection.execute(sql.SQL("grant {} to current_user").format(name))
        its_database = sql.Identifier(database)
        connection.execute(sql.SQL("alter database {} owner to {}").format(its_database, name))
        connection.execute(sql.SQL("revoke all on database {} from public").format(its_database))
    host = server_url.split("@", 1)[1]
    return with_database(f"postgresql://{role}:{password}@{host}", database)


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody but its owner could read at any moment."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
    draft.replace(file)
