"""Connections to PostgreSQL that are used again where a library opens one for each thing that it does.

dbt opens a connection for each of its hundreds of nodes and closes it after: a fork of the server, a login, and a
backend that knows nothing of the catalogue yet, each time.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import psycopg2
import psycopg2.extensions


class KeptConnections:
    """Opens connections as psycopg2.connect does; one that was closed is handed out again, as good as new.

    Safe for threads. Of several ways to connect each has its own connections.
    """

    def __init__(self, connect: Callable[..., psycopg2.extensions.connection] = psycopg2.connect) -> None:
        self._connect = connect
        self._free: dict[tuple[tuple[str, Any], ...], list[psycopg2.extensions.connection]] = {}
        self._lock = Lock()

    def connect(self, **how: Any) -> psycopg2.extensions.connection:
        """Return a connection without a transaction, with the settings of a new session. Raises psycopg2.Error."""
        key = tuple(sorted(how.items()))
        with self._lock:
            free = self._free.setdefault(key, [])
            if free:
                return free.pop()
        return self._connect(connection_factory=self._factory(free), **how)

    def end(self) -> None:
        """Close every connection that nobody uses."""
        with self._lock:
            for free in self._free.values():
                while free:
                    psycopg2.extensions.connection.close(free.pop())

    def _factory(self, free: list[psycopg2.extensions.connection]) -> type[psycopg2.extensions.connection]:
        lock = self._lock

        class Kept(psycopg2.extensions.connection):
            def close(self) -> None:
                if not self.closed and _is_as_new(self):
                    with lock:
                        free.append(self)
                else:
                    super().close()

        return Kept


def _is_as_new(connection: psycopg2.extensions.connection) -> bool:
    """Roll back and forget all of the session; False when its server or its network is gone."""
    try:
        connection.rollback()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("discard all")
        connection.autocommit = False
    except psycopg2.Error:
        return False
    return True
