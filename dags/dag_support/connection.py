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
}
"""By kind, the credentials that a connection's fields Login and Password hold; the others are in Extra."""

_MYSQL = ("mysql", "mariadb")


class BadConnectionError(Problem):
    """An Airflow connection that holds no credentials of its source's kind."""


def with_connection(environment: Mapping[str, str], source: SourceEntry) -> dict[str, str]:
    """Return the environment for the stage that reads a source: with its Airflow connection, if there is one.

    The connection guanxi_<source> goes before what the environment or a file says. Raises BadConnectionError.
    """
    if source.kind != DATABASE and source.kind not in LOGIN_AND_PASSWORD:
        return dict(environment)
    try:
        connection = Connection.get(f"guanxi_{source.name}")
    except AirflowNotFoundException:
        return dict(environment)
    own = f"GUANXI_SOURCE_{source.name.upper()}"
    credentials = _credentials(connection, source)
    given = {own: json.dumps(credentials)}
    if source.kind == DATABASE:  # a mapping may name it as ${GUANXI_ERP_URL}; this process reads no other source
        given["GUANXI_ERP_URL"] = credentials["url"]
    replaced = {f"{name}_FILE" for name in given}
    return {name: value for name, value in environment.items() if name not in replaced} | given


def _credentials(connection: Connection, source: SourceEntry) -> dict[str, str]:
    extra = _extra(connection)
    if source.kind == DATABASE:
        return {"url": _url(connection, extra)}
    fields = zip(LOGIN_AND_PASSWORD[source.kind], (connection.login, connection.password), strict=True)
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
