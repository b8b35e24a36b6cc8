"""The views of schema bi_own: what bi shows, of the accounts of the manager who is logged in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg
from psycopg import sql

from warehouse.database import MANAGERS, OWNER

OWN = "bi_own"

# What everybody may know: how fresh the data are.
_OPEN_TO_ALL = frozenset({"data_version"})


def condition(view: str, columns: Sequence[str]) -> str | None:
    """Return which rows of a view of bi a manager sees: "true" for all of them, None when the view is not theirs.

    A view of accounts shows their own; one of managers themselves; a dimension that tells of neither shows all, unless
    it counts customers, and a fact that tells of neither adds up those of others.
    """
    if "account_manager_id" in columns and (view == "dim_accounts" or "account_id" not in columns):
        return "v.account_manager_id = (select ops.my_manager_id())"
    if "account_id" in columns:
        return "v.account_id in (select ops.my_account_ids())"
    if view in _OPEN_TO_ALL or (view.startswith("dim_") and not any(_tells_of_customers(name) for name in columns)):
        return "true"
    return None


def _tells_of_customers(column: str) -> bool:
    return column.endswith("account_id") or column == "accounts_count"


def ensure_own_views(connection: psycopg.Connection, views: Iterable[str]) -> None:
    """Make a view in bi_own for each of these views of bi that a manager may see; one that is as it was stays.

    Run by the administrator, after the views of bi.
    """
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    found: dict[str, list[str]] = {}
    for view, column in connection.execute(
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relnamespace = 'bi'::regnamespace and c.relkind = 'v' and a.attnum > 0 and not a.attisdropped"
        " order by c.relname, a.attnum"
    ):
        found.setdefault(view, []).append(column)
    wanted = {view: _definition(view, found[view]) for view in {*views, *_OPEN_TO_ALL} & found.keys()}
    known: dict[str, str] = dict(connection.execute("select view_name, definition from ops.own_views").fetchall())
    there = {name for (name,) in connection.execute("select viewname from pg_views where schemaname = %s", (OWN,))}
    for view in sorted({*wanted, *there}):
        definition = wanted.get(view)
        if definition is not None and known.get(view) == definition and view in there:
            continue
        drop_own_view(connection, view)
        if definition is not None:
            name = sql.Identifier(OWN, view)
            connection.execute(
                sql.SQL("create view {} with (security_barrier) as {}").format(name, sql.SQL(definition))
            )
            connection.execute(sql.SQL("grant select on {} to {}").format(name, sql.Identifier(MANAGERS)))
            connection.execute("insert into ops.own_views values (%s, %s)", (view, definition))


def drop_own_view(connection: psycopg.Connection, view: str) -> None:
    """Drop a view of bi_own, if it is there: the view of bi that it rests on is about to change."""
    connection.execute(sql.SQL("drop view if exists {}").format(sql.Identifier(OWN, view)))
    connection.execute("delete from ops.own_views where view_name = %s", (view,))


def _definition(view: str, columns: Sequence[str]) -> str | None:
    mine = condition(view, columns)
    if mine is None:
        return None
    shown = ", ".join(f'v."{column}"' for column in columns)
    return f'select {shown} from bi."{view}" v where {mine}'  # noqa: S608 - names are of our own catalogue
