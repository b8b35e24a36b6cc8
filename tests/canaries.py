"""Secrets that are told apart from everything else, and a search for them in all that a house keeps."""

from __future__ import annotations

import base64
import gzip
import io
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.house import with_database

_OURS = "select datname from pg_database where not datistemplate and datallowconn"
_TABLES = """
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    order by 1, 2
"""


def canary(name: str) -> str:
    """Return a secret that no other text holds."""
    return f"canary{name}{secrets.token_hex(8)}"


def found_in_text(text: bytes, canaries: Mapping[str, str]) -> list[str]:
    """Return the names of the canaries that a text holds, as they are or in base64."""
    return [name for name, value in canaries.items() if any(form in text for form in _forms(value))]


def found_in_folder(folder: Path, canaries: Mapping[str, str], *, but: Iterable[Path] = ()) -> list[str]:
    """Return "file: canary" for every file below a folder that holds one, packed files too; `but` are left out."""
    left_out = [path.resolve() for path in but]
    found = []
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or any(file.resolve().is_relative_to(path) for path in left_out):
            continue
        for content in _contents(file):
            found += [f"{file.relative_to(folder)}: {name}" for name in found_in_text(content, canaries)]
    return found


def found_in_server(url: str, canaries: Mapping[str, str]) -> list[str]:
    """Return "database.schema.table: canary" for every table of every database of a server that holds one."""
    with psycopg.connect(url) as connection:
        databases = [name for (name,) in connection.execute(_OURS)]
    urls = {database: with_database(url, database) for database in sorted(databases)}
    return [f"{name}.{each}" for name, one in urls.items() for each in found_in_database(one, canaries)]


def found_in_database(url: str, canaries: Mapping[str, str]) -> list[str]:
    """Return "schema.table: canary" for every table of a database that holds one."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(_TABLES).fetchall()
        return [f"{schema}.{table}: {each}" for schema, table in tables
                for each in _in_table(connection, schema, table, canaries)]  # fmt: skip


def _in_table(connection: psycopg.Connection, schema: str, table: str, canaries: Mapping[str, str]) -> list[str]:
    """A copy holds every column: texts, json and arrays as they are, bytes as hexadecimal digits.

    It is searched here: the server would match each row with a pattern, which takes minutes.
    """
    query = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
    with connection.cursor().copy(query) as rows:
        content = b"".join(rows)
    forms = {name: _forms(value) for name, value in canaries.items()}
    return [
        name for name, own in forms.items() if any(form in content or form.hex().encode() in content for form in own)
    ]


def _forms(value: str) -> list[bytes]:
    """A secret as it is, and what base64 makes of it wherever it begins in a longer text."""
    plain = value.encode()
    encoded = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + plain)
        encoded.append(text[shift + (shift > 0) : -4])
    return [plain, *encoded]


def _contents(file: Path) -> Iterator[bytes]:
    content = file.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
