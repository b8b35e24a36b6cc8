"""Connections to the warehouse, one role a room."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote, urlencode, urlsplit

import psycopg

from warehouse.errors import Problem


class Role(StrEnum):
    """The database roles; docs/architecture.md has the table of what each may do."""

    LOADER = "guanxi_loader"
    TRANSFORMER = "guanxi_transformer"
    CHECKER = "guanxi_checker"
    SCORER = "guanxi_scorer"
    PUBLISHER = "guanxi_publisher"
    MAILER = "guanxi_mailer"
    MATCHER = "guanxi_matcher"
    READER = "guanxi_reader"
    CONTACT_READER = "guanxi_contact_reader"
    ERASER = "guanxi_eraser"


OWNER = "guanxi_owner"

# The group that the logins of account managers belong to; it cannot log in itself.
MANAGERS = "guanxi_manager"


class WarehouseUnreachableError(Problem):
    """The warehouse's server does not answer, or refuses us."""


class WarehouseFullError(Problem):
    """The warehouse's server has no room left."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where the warehouse is and how each role enters it.

    `admin_url` may create roles and schemas; only migrations use it. A role's password is an HMAC of its name
    under `role_secret`, so that no list of passwords has to be kept anywhere.
    """

    admin_url: str = field(repr=False)
    role_secret: str = field(repr=False)

    @property
    def database(self) -> str:
        return unquote(urlsplit(self.admin_url).path.lstrip("/"))

    @property
    def host(self) -> str:
        return urlsplit(self.admin_url).hostname or "localhost"

    @property
    def port(self) -> int:
        return urlsplit(self.admin_url).port or 5432

    def password(self, role: str) -> str:
        """Return the password of a role; print it only to the person who asks for the login."""
        return hmac.new(self.role_secret.encode(), role.encode(), hashlib.sha256).hexdigest()[:40]

    def url(
        self, role: Role, *, driver: str = "postgresql", database: str | None = None, application_name: str = "guanxi"
    ) -> str:
        """Return a role's URL. It holds a password: never print, log or keep it."""
        parts = urlsplit(self.admin_url)
        query = f"{parts.query}&" if parts.query else ""
        host = f"[{self.host}]" if ":" in self.host else self.host  # IPv6
        return (
            f"{driver}://{role.value}:{self.password(role)}@{host}:{self.port}/{quote(database or self.database)}"
            f"?{query}{urlencode({'application_name': application_name}, quote_via=quote)}"
        )

    def connect(self, role: Role, *, application_name: str = "guanxi") -> psycopg.Connection:
        """Connect as a role, in UTC, without autocommit. Raises WarehouseUnreachableError."""
        return connect(self.url(role, application_name=application_name))

    def connect_admin(self) -> psycopg.Connection:
        return connect(self.admin_url)


def connect(url: str) -> psycopg.Connection:
    """Connect by URL, or raise WarehouseUnreachableError that names host, port and database but no secret."""
    parts = urlsplit(url)
    try:
        connection = psycopg.connect(url, connect_timeout=10, options="-c timezone=UTC")
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:  # the latter: a URL that cannot be read
        raise WarehouseUnreachableError(
            f"PostgreSQL at {parts.hostname}:{parts.port or 5432}, database {parts.path.lstrip('/')}",
            seen=_reason(error),
            expected=f"a server that lets {parts.username} in",
            next_step="check GUANXI_WAREHOUSE_URL, that the server runs, and the user's password and rights",
        ) from None  # the driver's own text repeats the address, and sometimes more
    version = connection.info.server_version // 10000
    if not 15 <= version <= 18:  # noqa: PLR2004 - the versions the tests know
        connection.close()
        raise WarehouseUnreachableError(
            f"PostgreSQL at {parts.hostname}:{parts.port or 5432}",
            seen=f"version {version}",
            expected="version 15, 16, 17 or 18",
            next_step="point GUANXI_WAREHOUSE_URL at a server of one of these versions",
        )
    return connection


def _reason(error: psycopg.Error) -> str:
    text = str(error)
    known = {
        "password authentication failed": "the password was refused",
        "does not exist": "the database or the user does not exist",
        "Connection refused": "nothing listens there (connection refused)",
        "could not translate host name": "the host name is not known",
        "failed to resolve host": "the host name is not known",
        "Name or service not known": "the host name is not known",
        "timeout": "no answer within 10 s",
        "too many clients": "the server has no connection left",
        "invalid URI query parameter": "the URL has an option that PostgreSQL does not know",
    }
    return next((plain for sign, plain in known.items() if sign in text), "the connection failed")
