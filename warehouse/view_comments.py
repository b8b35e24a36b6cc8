"""What the contracts say of tables and columns, as comments of PostgreSQL on the views: BI tools show them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.database import OWNER
from warehouse.own_views import OWN
from warehouse.plain_yaml import read_models
from warehouse.published_tables import CONTRACT_GLOBS, OPEN, RESTRICTED, VIEWS_GLOB
from warehouse.settings import ROOT

Texts = dict[tuple[str, str | None], str]
"""By view and column, None for the view itself: what it means, labels in both languages first."""


@cache
def declared_texts(root: Path = ROOT) -> Texts:
    """Return what the contracts say of every table and column."""
    texts: Texts = {}
    for pattern in (*CONTRACT_GLOBS, VIEWS_GLOB):
        for file in sorted(root.glob(pattern)):
            for model in read_models(file):
                texts[model["name"], None] = _text(model)
                texts.update(((model["name"], column["name"]), _text(column)) for column in model.get("columns", []))
    return texts


def ensure_comments(connection: psycopg.Connection, texts: Texts) -> int:
    """Give the views for readers their comments; return how many were written. Those that are as they were stay.

    Run by the administrator, after the views are made.
    """
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    rows = connection.execute(
        "select n.nspname, c.relname, a.attname, d.description from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " cross join lateral (select null as attname, 0 as attnum union all"
        "   select x.attname, x.attnum from pg_attribute x where x.attrelid = c.oid and x.attnum > 0"
        "   and not x.attisdropped) a"
        " left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass"
        "   and d.objsubid = a.attnum"
        " where n.nspname = any(%s) and c.relkind = 'v'",
        ([OPEN, OWN, RESTRICTED],),
    ).fetchall()
    changed = [
        (schema, view, column, texts[view, column])
        for schema, view, column, seen in rows
        if (view, column) in texts and texts[view, column] != seen
    ]
    if changed:  # thousands in a new database: one statement each, one way to the server
        connection.execute(sql.SQL("; ").join(_statement(*each) for each in changed))
    return len(changed)


def _statement(schema: str, view: str, column: str | None, text: str) -> sql.Composed:
    if column is None:
        return sql.SQL("comment on view {} is {}").format(sql.Identifier(schema, view), sql.Literal(text))
    return sql.SQL("comment on column {} is {}").format(sql.Identifier(schema, view, column), sql.Literal(text))


def _text(entry: dict[str, Any]) -> str:
    meta: dict[str, Any] = (entry.get("config") or {}).get("meta") or entry.get("meta") or {}
    label = " ".join(filter(None, (meta.get("label_en"), meta.get("label_zh"))))
    meaning = " ".join(str(entry.get("description", "")).split())
    return ": ".join(filter(None, (label, meaning)))
