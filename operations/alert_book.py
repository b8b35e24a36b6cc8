"""Where alerts are noted, so that each is told once: ops.alerts, or a file while the warehouse does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from operations.alert import Alert

_LOCK = "hashtextextended('guanxi.alerts', 0)"
_FACTS = tuple(each.name for each in fields(Alert) if each.name not in {"tries", "told_by"})


class AlertBook(Protocol):
    """What has been noted and told."""

    def note(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Note what is new, and return it."""

    def waiting(self, channels: Iterable[str], now: datetime) -> list[Alert]:
        """Return what one of the channels has not taken yet, or nobody where there is no channel, the oldest first.

        What is no longer worth telling is left out.
        """

    def told(self, alert: Alert, channel: str, now: datetime) -> None:
        """Note that a channel took it."""

    def untold(self, alert: Alert, problem: str) -> None:
        """Note that a channel did not take it, and why; the words hold no secret."""


class DatabaseBook:
    """ops.alerts, as the publisher. Each note is a transaction: a crash after a telling tells it twice, never not."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for another who tells, and let nobody else tell meanwhile."""
        with self.connection.transaction():
            self.connection.execute(f"select pg_advisory_lock({_LOCK})".encode())
        try:
            yield
        finally:
            if self.connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE:
                self.connection.execute(f"select pg_advisory_unlock({_LOCK})".encode())
            # else it was cut short, and the lock goes with the connection

    def note(self, alerts: Iterable[Alert]) -> list[Alert]:
        query = sql.SQL("insert into ops.alerts ({}) values ({}) on conflict (key) do nothing returning true").format(
            sql.SQL(", ").join(map(sql.Identifier, _FACTS)), sql.SQL(", ").join(map(sql.Placeholder, _FACTS))
        )
        with self.connection.transaction():
            return [each for each in alerts if self.connection.execute(query, _facts(each)).fetchone() is not None]

    def waiting(self, channels: Iterable[str], now: datetime) -> list[Alert]:
        query = sql.SQL("select {}, tries, told_by from ops.alerts where not_after > %s order by noted_at, key").format(
            sql.SQL(", ").join(map(sql.Identifier, _FACTS))
        )
        with self.connection.transaction(), self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query, (now,)).fetchall()
        return _waiting([Alert(**(row | {"told_by": frozenset(row["told_by"])})) for row in rows], channels)

    def told(self, alert: Alert, channel: str, now: datetime) -> None:
        with self.connection.transaction():
            self.connection.execute(
                "update ops.alerts set told_by = told_by || %s::text, tries = tries + 1, told_at = %s,"
                " last_problem = null where key = %s and not %s = any(told_by)",
                (channel, now, alert.key, channel),
            )

    def untold(self, alert: Alert, problem: str) -> None:
        with self.connection.transaction():
            self.connection.execute(
                "update ops.alerts set tries = tries + 1, last_problem = %s where key = %s", (problem, alert.key)
            )


class FileBook:
    """A file of the state folder. It is emptied when the warehouse answers again, so that the next outage is told."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._noted: dict[str, dict[str, Any]] = {}
        if file.exists():
            try:
                self._noted = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:  # cut short by a full disk: told again is better than not told
                self._noted = {}

    def note(self, alerts: Iterable[Alert]) -> list[Alert]:
        new = [each for each in alerts if each.key not in self._noted]
        for alert in new:
            facts = asdict(alert) | {"told_by": sorted(alert.told_by)}
            facts |= {name: facts[name].isoformat() for name in ("noted_at", "not_after")}
            self._noted[alert.key] = facts
        self._keep()
        return new

    def waiting(self, channels: Iterable[str], now: datetime) -> list[Alert]:
        noted = [_from_json(facts) for facts in self._noted.values()]
        return _waiting([each for each in noted if each.not_after > now], channels)

    def told(self, alert: Alert, channel: str, now: datetime) -> None:  # noqa: ARG002 - the other book keeps it
        facts = self._noted[alert.key]
        self._noted[alert.key] = facts | {"told_by": sorted({*facts["told_by"], channel}), "tries": facts["tries"] + 1}
        self._keep()

    def untold(self, alert: Alert, problem: str) -> None:  # noqa: ARG002 - the command says it
        facts = self._noted[alert.key]
        self._noted[alert.key] = facts | {"tries": facts["tries"] + 1}
        self._keep()

    def forget(self) -> None:
        """Forget everything: what was wrong has ended."""
        self.file.unlink(missing_ok=True)
        self._noted = {}

    def _keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".part")
        draft.write_text(json.dumps(self._noted, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.replace(self.file)


def _waiting(alerts: list[Alert], channels: Iterable[str]) -> list[Alert]:
    wanted = set(channels)
    return [each for each in alerts if not wanted <= each.told_by or not (wanted or each.told_by)]


def _facts(alert: Alert) -> dict[str, object]:
    return {name: getattr(alert, name) for name in _FACTS}


def _from_json(facts: dict[str, Any]) -> Alert:
    moments = {name: datetime.fromisoformat(facts[name]) for name in ("noted_at", "not_after")}
    return replace(Alert(**(facts | moments)), told_by=frozenset(facts["told_by"]))
