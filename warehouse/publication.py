"""Write, audit, publish: the marts that readers see, generation by generation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from warehouse.database import OWNER, Role
from warehouse.errors import GateClosedError, Problem
from warehouse.night import Claim, FencedError
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


class ContractChangedError(Problem):
    """A mart's declared columns no longer fit the published table."""


class NotPublishableError(Problem):
    """A generation that may not go live."""


class BuildRefusedError(GateClosedError):
    """What was built is not what the contracts of the marts declare."""


@dataclass(frozen=True, slots=True)
class Mart:
    """A published table: its columns with their types, those that only the mails may read, the schema of its view."""

    name: str
    columns: tuple[tuple[str, str], ...]
    restricted: frozenset[str]
    view_schema: str = OPEN


def declared_marts(root: Path = ROOT) -> list[Mart]:
    """Return the marts to publish, by name, from their yml contracts."""
    marts: list[Mart] = []
    for pattern in CONTRACT_GLOBS:
        for file in sorted(root.glob(pattern)):
            models = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", [])
            marts.extend(_mart(model) for model in models if _meta(model).get("publish", True))
    return sorted(marts, key=lambda mart: mart.name)


def ensure_published_tables(connection: psycopg.Connection, marts: Iterable[Mart]) -> None:
    """Make pub.<mart> and its view for each contract; add columns that are new, refuse those that changed type.

    Run by the administrator; raises ContractChangedError. Published rows, grants and views of others survive; only
    a column or mart that is newly restricted makes its view, and the grants on it, anew.
    """
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    connection.execute("create table if not exists ops.marts (mart text primary key)")
    connection.execute("grant select on ops.marts to guanxi_publisher, guanxi_checker")
    marts = list(marts)
    existing = _columns(connection, "pub")
    views = {schema: _columns(connection, schema) for schema in READERS}
    for mart in marts:
        for schema in READERS.keys() - {mart.view_schema}:
            if mart.name in views[schema]:
                _drop_view(connection, mart, schema, hidden=list(views[schema][mart.name]))
        if mart.name not in existing:
            _create(connection, mart)
        else:
            _add_columns(connection, mart, existing[mart.name])
            view = views[mart.view_schema].get(mart.name, {})
            _keep_view(connection, mart, table=existing[mart.name], view=view)
        connection.execute("insert into ops.marts values (%s) on conflict do nothing", (mart.name,))
    connection.execute("delete from ops.marts where mart <> all(%s)", ([mart.name for mart in marts],))


def audit(connection: psycopg.Connection, claim: Claim) -> dict[str, int]:
    """Note each mart's rows and checksum as checked, and let the generation be published. Return the rows.

    Raises BuildRefusedError when a mart is missing or differs from its contract.
    """
    night = claim.night
    try:
        with connection.transaction():
            claim.assert_held(connection)
            rows = connection.execute(
                "select mart, row_count from ops.audit_build(%s, %s)", (night.gen, night.fence)
            ).fetchall()
    except psycopg.errors.SerializationFailure as error:
        raise _fenced(claim) from error
    except psycopg.errors.RaiseException as error:
        raise BuildRefusedError(
            f"generation {night.gen} for {night.as_of}",
            seen=str(error.diag.message_primary),
            expected="every mart built, with the columns and types that its yml declares",
            next_step="mend the model or its contract, then run the night again; readers keep the last good night",
        ) from None
    return dict(rows)


def publish(connection: psycopg.Connection, claim: Claim, *, keep: int) -> dict[str, int]:
    """Make the audited generation live in one transaction and return the rows of each mart.

    Then forget all but the newest `keep` generations. Raises NotPublishableError; the live one stays then.
    """
    night = claim.night
    try:
        with connection.transaction():
            claim.assert_held(connection)
            rows = connection.execute(
                "select mart, row_count from ops.publish(%s, %s)", (night.gen, night.fence)
            ).fetchall()
    except psycopg.errors.SerializationFailure as error:
        raise _fenced(claim) from error
    except (psycopg.errors.RaiseException, psycopg.errors.LockNotAvailable) as error:
        raise NotPublishableError(
            f"generation {night.gen} for {night.as_of}",
            seen=str(error.diag.message_primary),
            expected="an audited generation, not older than the live one, unchanged since its audit",
            next_step=f"readers keep the last good night; run the night again: guanxi nightly --as-of {night.as_of}",
        ) from None
    with connection.transaction():
        connection.execute("select ops.prune(%s)", (keep,))
    return dict(rows)


def rollback(connection: psycopg.Connection, gen: int) -> str:
    """Make an earlier published generation live again, in one statement. Raises NotPublishableError."""
    row = connection.execute("select ops.rollback_to(%s)", (gen,)).fetchone()
    connection.commit()
    if row is None or row[0] is None:
        kept = connection.execute("select gen from ops.runs where published_at is not null order by gen").fetchall()
        raise NotPublishableError(
            f"generation {gen}",
            seen="it was never published, or is no longer kept",
            expected="one of: " + (", ".join(str(each) for (each,) in kept) or "none yet"),
            next_step="choose one of these; guanxi status lists them with their days",
        )
    return str(row[0])


def _fenced(claim: Claim) -> FencedError:
    return FencedError(
        f"{claim.stage} of {claim.night.run_id}",
        seen=f"a later attempt owns generation {claim.night.gen}",
        expected="this to be the newest attempt",
        next_step="nothing: the newer attempt finishes the night. Nothing of this one was written.",
    )


def _meta(entry: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = (entry.get("config") or {}).get("meta") or entry.get("meta") or {}
    return meta


def _mart(model: dict[str, Any]) -> Mart:
    return Mart(
        name=model["name"],
        columns=tuple((column["name"], column["data_type"]) for column in model["columns"]),
        restricted=frozenset(column["name"] for column in model["columns"] if _meta(column).get("restricted")),
        view_schema=RESTRICTED if _meta(model).get("restricted") else OPEN,
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
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in mart.columns
    )
    connection.execute(
        sql.SQL("create table pub.{} (gen bigint not null, {})").format(sql.Identifier(mart.name), columns)
    )
    key = [sql.Identifier("gen")]
    if "account_id" in dict(mart.columns):
        key.append(sql.Identifier("account_id"))
    connection.execute(
        sql.SQL("create index on pub.{} ({})").format(sql.Identifier(mart.name), sql.SQL(", ").join(key))
    )
    _keep_view(connection, mart, table=dict(mart.columns), view={})


def _keep_view(connection: psycopg.Connection, mart: Mart, *, table: dict[str, str], view: dict[str, str]) -> None:
    """Let the view show what may be seen, in the table's order: a view can only be extended at its end."""
    in_order = [name for name in table if name != "gen"] + [name for name, _ in mart.columns if name not in table]
    visible = [name for name in in_order if name not in mart.restricted]
    name = sql.Identifier(mart.view_schema, mart.name)
    if visible[: len(view)] != list(view):
        _drop_view(connection, mart, mart.view_schema, hidden=[each for each in view if each in mart.restricted])
    if visible != list(view):
        connection.execute(
            sql.SQL(
                "create or replace view {} as select {} from pub.{} where gen = (select p.gen from ops.published p)"
            ).format(name, sql.SQL(", ").join(map(sql.Identifier, visible)), sql.Identifier(mart.name))
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


def _drop_view(connection: psycopg.Connection, mart: Mart, schema: str, *, hidden: list[str]) -> None:
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
    if gone := existing.keys() - dict(mart.columns).keys() - {"gen"}:
        raise ContractChangedError(
            f"mart {mart.name}, column {', '.join(sorted(gone))}",
            seen="published before, no longer declared",
            expected="a published column to stay",
            next_step="declare it again, or write a migration that drops it from pub." + mart.name,
        )
    for name, kind in mart.columns:
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
