"""A connection to MySQL or MariaDB: TLS as the URL says, moments in UTC, values as the server writes them."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql
from pymysql.constants import ER

from sources.databases.address import DatabaseAddress
from sources.errors import SourceUnreachableError

_CONNECT_SECONDS = 15
_READ_SECONDS = 3600  # a query that sorts a large table is silent until its first row
_TLS_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_TLS_OPTIONS = ("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key")
# moments come out in UTC; and a landing that is slow for a while does not make the server hang up
_SESSION = "set session time_zone = '+00:00', net_write_timeout = 3600"

_REFUSED = {
    ER.ACCESS_DENIED_ERROR: ("the password was refused", "check the user and password in the URL"),
    ER.DBACCESS_DENIED_ERROR: ("this user may not use the database", "grant select on it, or correct the database"),
    ER.BAD_DB_ERROR: ("no such database", "check the database in the URL"),
    ER.HOST_NOT_PRIVILEGED: ("the server takes no connection from this host", "grant the user access from it"),
    ER.CON_COUNT_ERROR: ("the server has no connection left", "try again, or raise its max_connections"),
    3159: ("the server takes connections with TLS only", "put ?ssl-mode=REQUIRED behind the URL"),
}
_SIGNS = {
    "mismatch": ("its certificate is of another host", "correct the host, or use ssl-mode=VERIFY_CA"),
    "CERTIFICATE_VERIFY_FAILED": ("its certificate is not trusted", "name its authority's file in ssl-ca="),
    "No such file": ("a file of the TLS options is not there", "correct ssl-ca, ssl-cert or ssl-key in the URL"),
    "SSL": ("no TLS there, or a TLS that we cannot speak", "check ssl-mode, ssl-ca, ssl-cert and ssl-key in the URL"),
    "Connection refused": ("nothing listens there", "start the database, or correct host and port"),
    "Name or service": ("the host name is not known", "correct the host"),
    "name resolution": ("the host name is not known", "correct the host"),
    "timed out": (f"no answer within {_CONNECT_SECONDS} s", "check the network and firewall between here and there"),
}


def connect(address: DatabaseAddress, *, thing: str, gives_bytes: bool) -> pymysql.Connection[Any]:
    """Connect; values are bytes or texts as the server writes them, never numbers or dates.

    Raises SourceUnreachableError.
    """
    encoders: dict[Any, Any] = dict(pymysql.converters.encoders)
    try:
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password.encode(),
            database=address.database or None,
            charset="utf8mb4",
            use_unicode=not gives_bytes,
            conv=encoders,  # without decoders nothing becomes a Python object
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            write_timeout=_READ_SECONDS,
            init_command=_SESSION,
            program_name="guanxi-extract",
            **_tls(address, thing=thing),
        )
    except (pymysql.err.Error, OSError, RuntimeError) as error:
        raise _unreachable(address, error, thing=thing) from None


def error_code(error: Exception) -> int:
    """Return the number of a server's or driver's error, 0 when it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _tls(address: DatabaseAddress, *, thing: str) -> dict[str, Any]:
    options = address.options
    mode = options.get("ssl-mode", "PREFERRED").upper()
    unknown = sorted(set(options) - set(_TLS_OPTIONS))
    if unknown or mode not in _TLS_MODES:
        raise SourceUnreachableError(
            thing,
            seen=f"option {', '.join(unknown)}" if unknown else f"ssl-mode={mode}",
            expected=f"options {', '.join(_TLS_OPTIONS)}; ssl-mode one of {', '.join(_TLS_MODES)}",
            next_step=f"correct what stands behind the question mark ({address.origin})",
        )
    if mode == "DISABLED":
        return {"ssl_disabled": True}
    if mode == "PREFERRED" and not set(options) & set(_TLS_OPTIONS[1:]):
        return {}
    context = ssl.create_default_context(cafile=options.get("ssl-ca"))
    context.check_hostname = mode == "VERIFY_IDENTITY"
    context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("VERIFY") else ssl.CERT_NONE
    if "ssl-cert" in options:
        context.load_cert_chain(options["ssl-cert"], options.get("ssl-key"))
    return {"ssl": context}


def _unreachable(address: DatabaseAddress, error: Exception, *, thing: str) -> SourceUnreachableError:
    text = str(error)  # it may hold the address; only what it is a sign of is told
    default = ("the connection failed", "check the URL with the mysql client")
    if isinstance(error, RuntimeError):  # what pymysql raises for want of an encryption
        default = ("its way of asking for the password needs TLS", "put ?ssl-mode=REQUIRED behind the URL")
    by_sign = next((told for sign, told in _SIGNS.items() if sign in text), default)
    seen, next_step = _REFUSED.get(error_code(error), by_sign)
    return SourceUnreachableError(
        thing, seen=seen, expected="a server that lets us read", next_step=f"{next_step} ({address.origin})"
    )
