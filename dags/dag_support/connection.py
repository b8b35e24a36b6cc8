"""A source's Airflow connection, made into the variables that its stage finds its credentials in.

They go into the environment of the one process that reads the source: not onto a command line, into an XCom, a
template or a log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from warehouse.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warehouse.company import SourceEntry

DATABASE = "erp_database"
LOGIN_AND_PASSWORD = {
    "zoho_crm": ("client_id", "client_secret"),
    "fxiaoke": ("app_id", "app_secret"),
    "odoo": ("login", "api_key"),
    "tryton": ("login", "password"),
    "s3": ("access_key_id", "secret_access_key"),
}
"""By kind, the credentials that a connection's fields Login and Password hold; the others are in Extra.

Files in a store are of the kind of their address; of another one than s3, Extra has all that its file system takes.
"""

_MYSQL = ("mysql", "mariadb")


class BadConnectionError(Problem):
    """An Airflow connection that holds no credentials of its source's kind."""


def with_connection(environment: Mapping[str, str], source: SourceEntry) -> dict[str, str]:
    """Return the environment for the stage that reads a source: with its Airflow connection, if there is one.

    The connection guanxi_<source> goes before what the environment or a file says. Raises BadConnectionError.
    """
    if _kind(source) == "folder":
        return dict(environment)
    try:
        connection = Connection.get(f"guanxi_{source.name}")
    except AirflowNotFoundException:
        return dict(environment)
    own = f"GUANXI_SOURCE_{source.name.upper()}"
    credentials = _credentials(connection, source)
    given = {own: json.dumps(credentials)}
    if source.kind == DATABASE:  # a mapping may name it as ${GUANXI_ERP_URL}; this process reads no other source
        given["GUANXI_ERP_URL"] = str(credentials["url"])
    replaced = {f"{name}_FILE" for name in given}
    return {name: value for name, value in environment.items() if name not in replaced} | given


def _kind(source: SourceEntry) -> str:
    """Return what kind of credentials a source has: its own kind, of files in a store that store's."""
    if source.kind != "files":
        return source.kind
    scheme, is_address, _ = str((source.model_extra or {}).get("path") or "").partition("://")
    if not is_address:
        return "folder"
    return "s3" if scheme == "s3a" else scheme


def _credentials(connection: Connection, source: SourceEntry) -> Mapping[str, str | dict[str, str]]:
    extra, kind = _extra(connection), _kind(source)
    if kind == DATABASE:
        return {"url": _url(connection, extra)}
    if kind not in LOGIN_AND_PASSWORD:
        return {"options": extra}
    fields = zip(LOGIN_AND_PASSWORD[kind], (connection.login, connection.password), strict=True)
    return extra | {name: value for name, value in fields if value}


def _url(connection: Connection, extra: dict[str, str]) -> str:
    if not connection.host:
        raise _bad(connection, "no host", "Host, Port, Schema (the database), Login and Password")
    scheme = "mysql" if (connection.conn_type or "").lower() in _MYSQL else "postgresql"
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    user = quote(connection.login or "", safe="")
    user += f":{quote(connection.password, safe='')}" if connection.password else ""
    place = f"{user}@" * bool(user) + host + (f":{connection.port}" if connection.port else "")
    return f"{scheme}://{place}/{quote(connection.schema or '', safe='')}" + f"?{urlencode(extra)}" * bool(extra)


def _extra(connection: Connection) -> dict[str, str]:
    if not connection.extra:
        return {}
    try:
        extra = json.loads(connection.extra)
    except ValueError:
        extra = None
    if not isinstance(extra, dict) or not all(isinstance(value, str) for value in extra.values()):
        raise _bad(connection, "an Extra that is no JSON object of texts", 'Extra such as {"name": "value"}')
    return extra


def _bad(connection: Connection, seen: str, expected: str) -> BadConnectionError:
    return BadConnectionError(
        f"the Airflow connection {connection.conn_id}",
        seen=seen,
        expected=expected,
        next_step="correct it under Admin, Connections (docs/company.md says which field is what), then clear the task",
    )
