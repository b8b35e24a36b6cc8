"""Logins of account managers, each of whom sees their own customers only: opened, listed and closed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from warehouse.database import MANAGERS, OWNER, Warehouse
from warehouse.errors import Problem

_LONGEST = 63  # bytes of a name in PostgreSQL
_FOR_PEOPLE = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "5min",
    "default_transaction_read_only": "on",
    "search_path": "bi_own",
}


class UnknownManagerError(Problem):
    """An account manager whom the live night does not know."""


@dataclass(frozen=True, slots=True)
class ManagerLogin:
    """A login of the database, whose accounts it sees, and its password: tell it to that manager alone."""

    login: str
    account_manager_id: str
    name: str
    password: str = field(repr=False)


def login_name(company_id: str, account_manager_id: str) -> str:
    """Return the login's name: one a company and manager, since roles are shared by all databases of a server."""
    parts = [company_id, account_manager_id]
    slugs = [re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_") for part in parts]
    name = "guanxi_" + "__".join(slugs)
    if slugs == parts and len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(f"{company_id}\n{account_manager_id}".encode()).hexdigest()[:12]
    return f"{name[: _LONGEST - 13]}_{digest}"


def open_login(warehouse: Warehouse, company_id: str, account_manager_id: str) -> ManagerLogin:
    """Let an account manager log in, or return the login there is. Raises UnknownManagerError."""
    login = login_name(company_id, account_manager_id)
    password = warehouse.password(login)
    with warehouse.connect_admin() as connection:
        name = _name_of(connection, account_manager_id)
        role = sql.Identifier(login)
        if not connection.execute("select 1 from pg_roles where rolname = %s", (login,)).fetchone():
            connection.execute(sql.SQL("create role {} login").format(role))
        connection.execute(sql.SQL("alter role {} login password {}").format(role, sql.Literal(password)))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(MANAGERS), role))
        connection.execute(
            sql.SQL("grant connect on database {} to {}").format(sql.Identifier(warehouse.database), role)
        )
        for setting, value in _FOR_PEOPLE.items():
            connection.execute(
                sql.SQL("alter role {} set {} = {}").format(role, sql.Identifier(setting), sql.Literal(value))
            )
        _as_owner(connection)
        connection.execute(
            "insert into ops.manager_logins (login, account_manager_id) values (%s, %s) on conflict do nothing",
            (login, account_manager_id),
        )
    return ManagerLogin(login, account_manager_id, name, password)


def close_login(warehouse: Warehouse, company_id: str, account_manager_id: str) -> bool:
    """Take a manager's login away; say whether there was one. Who is connected with it sees nothing any more."""
    login = login_name(company_id, account_manager_id)
    with warehouse.connect_admin() as connection:
        if not connection.execute("select 1 from pg_roles where rolname = %s", (login,)).fetchone():
            return False
        role = sql.Identifier(login)
        database = sql.Identifier(warehouse.database)
        connection.execute(sql.SQL("revoke connect on database {} from {}").format(database, role))
        connection.execute(sql.SQL("drop role {}").format(role))
        _as_owner(connection)
        connection.execute("delete from ops.manager_logins where login = %s", (login,))
    return True


def open_logins(warehouse: Warehouse) -> list[ManagerLogin]:
    """Return every login of this company's account managers, by manager."""
    with warehouse.connect_admin() as connection:
        _as_owner(connection)
        rows = connection.execute(
            "select l.login, l.account_manager_id, coalesce(m.account_manager_name, l.account_manager_id)"
            " from ops.manager_logins l left join bi.dim_account_managers m using (account_manager_id) order by 2"
        ).fetchall()
    return [ManagerLogin(login, manager, name, warehouse.password(login)) for login, manager, name in rows]


def _name_of(connection: psycopg.Connection, account_manager_id: str) -> str:
    row = connection.execute(
        "select account_manager_name from bi.dim_account_managers where account_manager_id = %s", (account_manager_id,)
    ).fetchone()
    if row is None:
        count = connection.execute("select count(*) from bi.dim_account_managers").fetchone()
        raise UnknownManagerError(
            f"account manager {account_manager_id}",
            seen=f"nobody of that id among the {count[0] if count else 0} of the live night",
            expected="an account_manager_id of dim_account_managers",
            next_step='guanxi sql "select account_manager_id, account_manager_name from dim_account_managers"',
        )
    return str(row[0] or account_manager_id)


def _as_owner(connection: psycopg.Connection) -> None:
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
