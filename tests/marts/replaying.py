"""Runs the SQL of models on rows of a test's own, in a transaction that is taken back: many companies for one build."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.conftest import ROLE_SECRET
from tests.marts.building import NO_UNIT_TESTS, build, insert_row
from warehouse.database import Warehouse
from warehouse.house import with_database

SCHEMA = "build_to_replay"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Replay:
    """Models as dbt compiled them for one day, each after those it reads, their tables empty between replays."""

    warehouse: Warehouse
    models: tuple[tuple[str, str], ...]

    def only(self, *names: str) -> Replay:
        """Return the replay of some of the models, in the same order."""
        return replace(self, models=tuple(model for model in self.models if model[0] in names))

    @contextmanager
    def of(
        self,
        records: Mapping[str, Sequence[Row]],
        *,
        measured: Mapping[str, Sequence[Row]] | None = None,
        but: LiteralString | None = None,
    ) -> Iterator[psycopg.Cursor[Row]]:
        """Give a cursor that sees what the models make of these raw records; nothing of it lasts.

        `measured` are rows of models that are not among those replayed. `but` is a statement that takes records away
        before.
        """
        with self.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:
            if but is not None:
                cursor.execute(but)
            for entity, rows in records.items():
                for place, row in enumerate(rows):
                    insert_row(cursor, "raw", entity, {"content_hash": str(place)} | row)
            for model, rows in (measured or {}).items():
                for row in rows:
                    insert_row(cursor, SCHEMA, model, row)
            for name, select in self.models:
                table = sql.Identifier(SCHEMA, name)
                cursor.execute(sql.SQL("delete from {}").format(table))
                cursor.execute(sql.SQL("insert into {} {}").format(table, sql.SQL(select)))
            cursor.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(SCHEMA)))
            yield cursor
            connection.rollback()


@contextmanager
def replay_of_own(
    server_url: str, template: str, name: str, target: Path, variables: Mapping[str, Any], *marts: str
) -> Iterator[Replay]:
    """Prepare the marts in a database of their own, which lasts as long as the tests of a module."""
    database, of = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(database, of))
        grant = sql.SQL("grant create, temporary on database {} to guanxi_transformer")
        connection.execute(grant.format(database))
    yield prepare(Warehouse(with_database(server_url, name), ROLE_SECRET), target, variables, *marts)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(database))


def prepare(warehouse: Warehouse, target: Path, variables: Mapping[str, Any], *marts: str) -> Replay:
    """Build the marts, with all that they read, for a company of which nothing is known."""
    wanted = [f"+{mart}" for mart in marts]
    build(warehouse, SCHEMA, target, variables, "--select", *wanted, *NO_UNIT_TESTS, "--exclude-resource-type", "test")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    built = {each["unique_id"] for each in results if each["unique_id"].startswith("model.")}
    ordered: list[str] = []

    def visit(unique_id: str) -> None:
        for parent in manifest["nodes"][unique_id]["depends_on"]["nodes"]:
            if parent in built and parent not in ordered:
                visit(parent)
        ordered.append(unique_id)

    for unique_id in sorted(built):
        if unique_id not in ordered:
            visit(unique_id)
    compiled = {each["unique_id"]: each["compiled_code"] for each in results}
    return Replay(warehouse, tuple((each.split(".")[-1], compiled[each]) for each in ordered))
