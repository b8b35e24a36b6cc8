"""The tables and views of the marts: made from their contracts, changed without taking anything from a reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.database import OWNER, Role
from warehouse.errors import Problem
from warehouse.own_views import drop_own_view, ensure_own_views
from warehouse.plain_yaml import read_models
from warehouse.settings import ROOT

# Where the contracts of published tables lie: dbt's own yml for its marts, the same form for the rooms' tables.
CONTRACT_GLOBS = ("dbt_project/models/marts/**/*.yml", "ml/tables/*.yml", "delivery/tables/*.yml")

# Where the columns of the views on the ledger are told; they are made by a migration and published by nobody.
VIEWS_GLOB = "warehouse/views/*.yml"

# The schemas of the views and who may read them. What tells of persons is for those alone who need it.
OPEN = "bi"
RESTRICTED = "bi_restricted"
READERS = {
    OPEN: (Role.READER, Role.CONTACT_READER, Role.CHECKER, Role.SCORER, Role.MAILER),
    RESTRICTED: (Role.CONTACT_READER,),
}


AS_OF = "as_of_date"


# Which rows of a table the view shows, by the column that says whose they are.
_IS_LIVE = {
    "gen": "gen = (select p.gen from ops.published p)",
    "piece": "piece in (select g.piece from ops.generation_pieces g join ops.published p on p.gen = g.gen)",
}


class ContractChangedError(Problem):
    """A mart's declared columns no longer fit the published table."""


@dataclass(frozen=True, slots=True)
class Mart:
    """A published table: its columns with their types, those that only the mails may read, the schema of its view.

    With `pieces_by`, a column of dates, its rows lie in pieces of a month that generations share, each without the
    day of the night (docs/decisions/0047); else each generation has rows of its own.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    restricted: frozenset[str]
    view_schema: str = OPEN
    pieces_by: str | None = None

    @property
    def kept_by(self) -> str:
        """The column of the table that says whose rows they are."""
        return "gen" if self.pieces_by is None else "piece"

    @property
    def stored(self) -> tuple[tuple[str, str], ...]:
        """The columns that the table has; as_of_date of pieces is the view's to tell."""
        return tuple(column for column in self.columns if self.pieces_by is None or column[0] != AS_OF)


@cache
def declared_marts(root: Path = ROOT) -> tuple[Mart, ...]:
    """Return the marts to publish, by name, from their yml contracts."""
    marts: list[Mart] = []
    for pattern in CONTRACT_GLOBS:
        for file in sorted(root.glob(pattern)):
            marts.extend(_mart(model) for model in read_models(file) if _meta(model).get("publish", True))
    return tuple(sorted(marts, key=lambda mart: mart.name))


def ensure_published_tables(connection: psycopg.Connection, marts: Iterable[Mart]) -> None:
    """Make pub.<mart> and its view for each contract; add columns that are new, refuse those that changed type.

    Run by the administrator; raises ContractChangedError. Published rows, grants and views of others survive; only
    a column or mart that is newly restricted makes its view, and the grants on it, anew.
    """
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    connection.execute("grant select on ops.marts to guanxi_publisher, guanxi_checker")
    marts = list(marts)
    existing = _columns(connection, "pub")
    views = {schema: _columns(connection, schema) for schema in READERS}
    for mart in marts:
        for schema in READERS.keys() - {mart.view_schema}:
            if mart.name in views[schema]:
                _drop_view(connection, mart, schema, hidden=list(views[schema][mart.name]))
        connection.execute(
            "insert into ops.marts (mart, pieces_by) values (%s, %s)"
            " on conflict (mart) do update set pieces_by = excluded.pieces_by",
            (mart.name, mart.pieces_by),
        )
        view = views[mart.view_schema].get(mart.name, {})
        if mart.name not in existing:
            _create(connection, mart)
            continue
        if is_cut := mart.kept_by == "piece" and "piece" not in existing[mart.name]:
            connection.execute("select ops.keep_in_pieces(%s)", (mart.name,))
        _add_columns(connection, mart, existing[mart.name])
        _keep_view(connection, mart, table=existing[mart.name], view=view)
        if is_cut:
            _forget_generations(connection, mart, existing[mart.name])
    connection.execute("delete from ops.marts where mart <> all(%s)", ([mart.name for mart in marts],))
    ensure_own_views(connection, [mart.name for mart in marts if mart.view_schema == OPEN])


def _meta(entry: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = (entry.get("config") or {}).get("meta") or entry.get("meta") or {}
    return meta


def _mart(model: dict[str, Any]) -> Mart:
    return Mart(
        name=model["name"],
        columns=tuple((column["name"], column["data_type"]) for column in model["columns"]),
        restricted=frozenset(column["name"] for column in model["columns"] if _meta(column).get("restricted")),
        view_schema=RESTRICTED if _meta(model).get("restricted") else OPEN,
        pieces_by=_meta(model).get("pieces_by"),
    )


def _columns(connection: psycopg.Connection, schema: str) -> dict[str, dict[str, str]]:
    """Return the columns, with their types and in their order, of each table and view of a schema."""
    found: dict[str, dict[str, str]] = {}
    for relation, column, kind in connection.execute(
        "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid where c.relnamespace = %s::regnamespace"
        " and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped order by a.attnum",
        (schema,),
    ):
        found.setdefault(relation, {})[column] = kind
    return found


def _create(connection: psycopg.Connection, mart: Mart) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in mart.stored
    )
    connection.execute(
        sql.SQL("create table pub.{} ({} bigint not null, {})").format(
            sql.Identifier(mart.name), sql.Identifier(mart.kept_by), columns
        )
    )
    _index(connection, mart)
    _keep_view(connection, mart, table=dict(mart.columns), view={})


def _index(connection: psycopg.Connection, mart: Mart) -> None:
    key = [sql.Identifier(mart.kept_by)]
    if "account_id" in dict(mart.columns):
        key.append(sql.Identifier("account_id"))
    connection.execute(
        sql.SQL("create index on pub.{} ({})").format(sql.Identifier(mart.name), sql.SQL(", ").join(key))
    )


def _forget_generations(connection: psycopg.Connection, mart: Mart, existing: dict[str, str]) -> None:
    """Drop what a table had when each generation had rows of its own, now that its view reads pieces."""
    for column in {"gen", AS_OF} & existing.keys():
        connection.execute(
            sql.SQL("alter table pub.{} drop column {}").format(sql.Identifier(mart.name), sql.Identifier(column))
        )
    _index(connection, mart)


def _keep_view(connection: psycopg.Connection, mart: Mart, *, table: dict[str, str], view: dict[str, str]) -> None:
    """Let the view show what may be seen, in the table's order: a view can only be extended at its end."""
    declared = dict(mart.columns)
    in_order = dict.fromkeys([*view, *(name for name in table if name in declared), *declared])
    visible = [name for name in in_order if name in declared and name not in mart.restricted]
    name = sql.Identifier(mart.view_schema, mart.name)
    if visible[: len(view)] != list(view):
        _drop_view(connection, mart, mart.view_schema, hidden=[each for each in view if each in mart.restricted])
    if visible != list(view) or "gen" in table.keys() - {mart.kept_by}:
        connection.execute(
            sql.SQL("create or replace view {} as select {} from pub.{} where {}").format(
                name,
                sql.SQL(", ").join(_shown(mart, column) for column in visible),
                sql.Identifier(mart.name),
                sql.SQL(_IS_LIVE[mart.kept_by]),
            )
        )
    # the mails read every column of an open mart, and nothing of one that tells of persons
    mailer = (
        "grant select on pub.{} to guanxi_mailer"
        if mart.view_schema == OPEN
        else ("revoke select on pub.{} from guanxi_mailer")
    )
    connection.execute(sql.SQL(mailer).format(sql.Identifier(mart.name)))
    readers = sql.SQL(", ").join(sql.Identifier(role.value) for role in READERS[mart.view_schema])
    connection.execute(sql.SQL("grant select on {} to {}").format(name, readers))


def _shown(mart: Mart, column: str) -> sql.Composable:
    if column == AS_OF and mart.pieces_by is not None:
        return sql.SQL("(select p.as_of from ops.published p) as {}").format(sql.Identifier(AS_OF))
    return sql.Identifier(column)


def _drop_view(connection: psycopg.Connection, mart: Mart, schema: str, *, hidden: list[str]) -> None:
    if schema == OPEN:
        drop_own_view(connection, mart.name)
    try:
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier(schema, mart.name)))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise ContractChangedError(
            f"view {schema}.{mart.name}",
            seen=f"{', '.join(hidden) or 'its columns'} must be hidden, and other views rest on it",
            expected="no view of others on a view that loses a column",
            next_step=f"drop or change these views: {error.diag.message_detail}",
        ) from None


def _add_columns(connection: psycopg.Connection, mart: Mart, existing: dict[str, str]) -> None:
    if mart.kept_by == "gen" and "gen" not in existing:
        raise ContractChangedError(
            f"mart {mart.name}",
            seen="published in pieces before, pieces_by is no longer declared",
            expected="a mart that lies in pieces to stay so",
            next_step="declare pieces_by again, or write a migration that gives pub." + mart.name + " the column gen",
        )
    if gone := existing.keys() - dict(mart.columns).keys() - {"gen", "piece"}:
        raise ContractChangedError(
            f"mart {mart.name}, column {', '.join(sorted(gone))}",
            seen="published before, no longer declared",
            expected="a published column to stay",
            next_step="declare it again, or write a migration that drops it from pub." + mart.name,
        )
    for name, kind in mart.stored:
        if name not in existing:
            connection.execute(
                sql.SQL("alter table pub.{} add column {} {}").format(
                    sql.Identifier(mart.name),
                    sql.Identifier(name),
                    sql.SQL(kind),
                )
            )
            continue
        row = connection.execute("select format_type(%s::regtype, null)", (kind.split("(")[0],)).fetchone()
        if row is None or row[0] != existing[name].split("(")[0]:
            raise ContractChangedError(
                f"mart {mart.name}, column {name}",
                seen=f"published as {existing[name]}, now declared as {kind}",
                expected="a published column to keep its type",
                next_step="give the new meaning a new column name, or write a migration that converts pub." + mart.name,
            )
