"""The outbox: which mails wait, which went, and which nobody knows about.

A row is `sending` while a process is between "I begin" and "this is what came of it". That process also holds
an advisory lock of its session, so another one can tell a busy sender from a dead one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

import psycopg
from psycopg import sql

from delivery.safe_text import clean

# The first send and one marked copy; after two sends without an answer a person decides.
UNANSWERED_LIMIT = 2
_ERROR_LIMIT = 300
_MAY_BE_SENT = sql.SQL(
    "o.gen = %(gen)s and o.kind = %(kind)s"
    " and (o.state = 'pending' or (o.state = 'unknown' and o.unknown_count < %(limit)s))"
    " and exists (select 1 from ops.published p where p.gen = o.gen)"
)


class State(StrEnum):
    """The states of a mail, as ops.outbox names them."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A row that this process alone works on, until it is settled or the transaction ends."""

    account_manager_id: str
    recipient: str | None
    message_id: str
    body_sha256: str | None
    unknown_count: int

    @property
    def is_copy(self) -> bool:
        """Whether an earlier send may have arrived, so that this one has to say that it is a copy."""
        return self.unknown_count > 0


@dataclass(frozen=True, slots=True)
class Outbox:
    """The mails of one kind of one generation. Every method ends in a commit except `take`."""

    connection: psycopg.Connection
    gen: int
    now: datetime
    kind: str

    def recover(self) -> int:
        """Turn the rows of dead senders into `unknown`, of all generations, and return how many."""
        rows = self.connection.execute(
            "select gen, account_manager_id from ops.outbox where state = 'sending' and kind = %s order by 1, 2",
            (self.kind,),
        ).fetchall()
        found = 0
        for gen, manager_id in rows:
            key = _lock_key(gen, self.kind, manager_id)
            if not self._flag("select pg_try_advisory_lock(hashtextextended(%s, 0))", key):
                continue  # its sender is alive
            try:
                found += self.connection.execute(
                    "update ops.outbox set state = 'unknown', unknown_count = least(unknown_count + 1, 2),"
                    " last_error = 'the sender stopped before it knew the outcome', updated_at = %s"
                    " where gen = %s and account_manager_id = %s and kind = %s and state = 'sending'",
                    (self.now, gen, manager_id, self.kind),
                ).rowcount
                self.connection.commit()
            finally:
                self._unlock(key)
        return found

    def expire(self) -> int:
        """Give up waiting rows that are too late to be of use, and return how many.

        One that went unanswered stays `unknown`, because it may have arrived; it is only tried no more.
        """
        changed = self.connection.execute(
            "update ops.outbox set state = 'expired', last_error = 'too late to be of use', updated_at = %s"
            " where kind = %s and not_after <= %s and state in ('pending', 'held')",
            (self.now, self.kind, self.now),
        ).rowcount
        self.connection.execute(
            "update ops.outbox set unknown_count = %s, updated_at = %s"
            " where kind = %s and not_after <= %s and state = 'unknown' and unknown_count < %s",
            (UNANSWERED_LIMIT, self.now, self.kind, self.now, UNANSWERED_LIMIT),
        )
        self.connection.commit()
        return changed

    def waiting(self) -> list[str]:
        """Return the managers whose mail may be sent now, by id; none once another generation is live."""
        rows = self.connection.execute(
            sql.SQL("select o.account_manager_id from ops.outbox o where {} order by 1").format(_MAY_BE_SENT),
            {"gen": self.gen, "kind": self.kind, "limit": UNANSWERED_LIMIT},
        ).fetchall()
        self.connection.commit()
        return [manager_id for (manager_id,) in rows]

    def take(self, account_manager_id: str) -> Ticket | None:
        """Lock a waiting row for this transaction; None when another process has it or it no longer waits."""
        row = self.connection.execute(
            sql.SQL(
                "select o.recipient, o.message_id, o.body_sha256, o.unknown_count from ops.outbox o"
                " where {} and o.account_manager_id = %(manager)s for update of o skip locked"
            ).format(_MAY_BE_SENT),
            {"gen": self.gen, "kind": self.kind, "limit": UNANSWERED_LIMIT, "manager": account_manager_id},
        ).fetchone()
        if row is None:
            self.connection.commit()
            return None
        return Ticket(account_manager_id, *row)

    def begin(self, ticket: Ticket, *, recipient: str, body_sha256: str) -> None:
        """Note that the send begins. From here on a death of this process leaves the row `unknown`."""
        self._flag("select pg_advisory_lock(hashtextextended(%s, 0)) is not null", self._key(ticket))
        self._update(
            ticket,
            "state = 'sending', attempts = attempts + 1, recipient = %s, body_sha256 = %s",
            (recipient, body_sha256),
        )

    def settle(self, ticket: Ticket, state: State, *, error: str | None = None) -> None:
        """Note what came of a send that `begin` announced."""
        unknown = int(state is State.UNKNOWN)
        try:
            self._update(
                ticket,
                "state = %s, unknown_count = least(unknown_count + %s, 2), last_error = %s",
                (state.value, unknown, _short(error)),
            )
        finally:
            self._unlock(self._key(ticket))

    def refuse(self, ticket: Ticket, reason: str) -> None:
        """Note that a mail cannot be sent at all; nothing of it left the house."""
        self._update(ticket, "state = 'failed', last_error = %s", (_short(reason),))

    def leave(self, ticket: Ticket, reason: str) -> None:
        """Keep a row `unknown` and try it no more."""
        self._update(
            ticket, "state = 'unknown', unknown_count = %s, last_error = %s", (UNANSWERED_LIMIT, _short(reason))
        )

    def release(self, ticket: Ticket) -> None:
        """Let go of the sender's lock of a row whose send was cut short; the row stays `sending`."""
        self._unlock(self._key(ticket))

    def managers_in(self, *states: State) -> list[str]:
        """Return the managers whose row is in one of the states, by id."""
        rows = self.connection.execute(
            "select account_manager_id from ops.outbox where gen = %s and kind = %s and state = any(%s) order by 1",
            (self.gen, self.kind, [state.value for state in states]),
        ).fetchall()
        self.connection.commit()
        return [manager_id for (manager_id,) in rows]

    def release_held(self) -> int:
        """Let held mails be sent, but those that are too late, and return how many."""
        return self._end_hold("state = 'pending', last_error = null", "not_after > %s", (self.now,))

    def drop_held(self) -> int:
        """Decide that held mails are never sent, and return how many."""
        return self._end_hold("state = 'dropped'", "true", ())

    def why_held(self) -> str | None:
        """Return why the generation's mails are held; None when none is."""
        row = self.connection.execute(
            "select max(last_error) from ops.outbox where gen = %s and kind = %s and state = 'held'",
            (self.gen, self.kind),
        ).fetchone()
        self.connection.commit()
        return None if row is None else row[0]

    def counts(self) -> dict[State, int]:
        """Return how many rows of the generation are in each state."""
        rows = self.connection.execute(
            "select state, count(*) from ops.outbox where gen = %s and kind = %s group by 1", (self.gen, self.kind)
        ).fetchall()
        self.connection.commit()
        found = {State(state): int(count) for state, count in rows}
        return {state: found.get(state, 0) for state in State}

    def _end_hold(self, assignments: LiteralString, condition: LiteralString, values: tuple[object, ...]) -> int:
        statement = sql.SQL(
            "update ops.outbox set updated_at = %s, {} where gen = %s and kind = %s and state = 'held' and {}"
        )
        changed = self.connection.execute(
            statement.format(sql.SQL(assignments), sql.SQL(condition)), (self.now, self.gen, self.kind, *values)
        ).rowcount
        self.connection.commit()
        return changed

    def _key(self, ticket: Ticket) -> str:
        return _lock_key(self.gen, self.kind, ticket.account_manager_id)

    def _flag(self, query: LiteralString, key: str) -> bool:
        row = self.connection.execute(query, (key,)).fetchone()
        return bool(row and row[0])

    def _unlock(self, key: str) -> None:
        if self.connection.closed or self.connection.broken:
            return  # the server has released the lock with the session
        if self.connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR:
            self.connection.rollback()
        self._flag("select pg_advisory_unlock(hashtextextended(%s, 0))", key)
        self.connection.commit()

    def _update(self, ticket: Ticket, assignments: LiteralString, values: tuple[object, ...]) -> None:
        statement = sql.SQL(
            "update ops.outbox set updated_at = %s, {} where gen = %s and kind = %s and account_manager_id = %s"
        )
        self.connection.execute(
            statement.format(sql.SQL(assignments)),
            (self.now, *values, self.gen, self.kind, ticket.account_manager_id),
        )
        self.connection.commit()


def _lock_key(gen: int, kind: str, account_manager_id: str) -> str:
    return f"guanxi.outbox|{gen}|{kind}|{account_manager_id}"


def _short(text: str | None) -> str | None:
    return None if text is None else clean(text, limit=_ERROR_LIMIT)
