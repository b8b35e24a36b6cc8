"""Connections to the address that was checked: a name is looked up once, so it cannot mean another one meanwhile."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Check = Callable[[str, Address], None]
"""Raises when a host may not be asked at an address."""


class CheckedAdapter(HTTPAdapter):
    """Connects to addresses that `check` lets pass; certificate, SNI and Host stay the name's.

    Through a proxy of the environment it is the proxy that looks names up.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._check)


def mount(session: requests.Session, check: Check) -> None:
    """Let a session connect to checked addresses only."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, CheckedAdapter(check))


def _pools(check: Check) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, super()._new_conn, check)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, super()._new_conn, check)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connected(connection: HTTPConnection, connect: Callable[[], socket.socket], check: Check) -> socket.socket:
    """Look the host up, check every address it has, then try one after the other."""
    name = connection._dns_host
    addresses = _looked_up(connection, name.strip("[]"))
    for each in addresses:
        check(name, ipaddress.ip_address(each.split("%", maxsplit=1)[0]))
    failure: NewConnectionError | None = None
    for each in addresses:
        connection._dns_host = each  # for the moment of connecting: later the name is what is verified
        try:
            return connect()
        except NewConnectionError as error:
            failure = error
        finally:
            connection._dns_host = name
    raise failure or NewConnectionError(connection, "the host has no address")


def _looked_up(connection: HTTPConnection, host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))
