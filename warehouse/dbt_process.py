"""One invocation of dbt on a project that was parsed before: `python -m warehouse.dbt_process PARSED WORD ...`.

dbt keeps what it parsed only while schema, database and variables stay the same, and every night has a schema of its
own; so it would read some thousand small templates anew each time, for longer than a small company's models take. What
it parsed knows its schema and database by name alone: they are put in here, and dbt is given the result, as its
documented programmatic interface allows. The words are those of the command `dbt`; the exit status is its status too.
"""

from __future__ import annotations

import gc
import os
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg2

from warehouse.kept_connections import KeptConnections

# what the project is parsed with, in place of a night's own
DATABASE, SCHEMA = "guanxi_parsed_database", "guanxi_parsed_schema"

_FAILED, _CRASHED = 1, 2


def main(parsed: str, *words: str) -> int:
    """Run dbt with these words on the project parsed into a file; return the status to exit with."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(Path(parsed).read_bytes())
    move(manifest, database=os.environ["GUANXI_DBT_DBNAME"], schema=os.environ["GUANXI_DBT_SCHEMA"])
    # millions of small objects live to the end: looking through them again and again is a tenth of the time
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    kept = KeptConnections()
    psycopg2.connect = kept.connect  # type: ignore[assignment]
    done = dbtRunner(manifest=manifest).invoke(list(words))
    kept.end()
    if done.exception is not None:
        sys.stderr.write(f"{done.exception}\n")
        return _CRASHED
    return 0 if done.success else _FAILED


def move(manifest: Any, *, database: str, schema: str) -> None:
    """Let every node and source of a parsed project lie in a database, and what is built in a schema of it."""
    nodes = chain(manifest.nodes.values(), manifest.sources.values(), manifest.unit_tests.values())
    for node in nodes:
        if getattr(node, "database", None) == DATABASE:
            node.database = database
        if getattr(node, "schema", None) == SCHEMA:
            node.schema = schema
        name = getattr(node, "relation_name", None)
        if name:
            node.relation_name = name.replace(f'"{DATABASE}".', f'"{database}".').replace(
                f'."{SCHEMA}".', f'."{schema}".'
            )


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
