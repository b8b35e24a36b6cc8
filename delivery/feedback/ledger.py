"""Where answers are kept: whose a row is, what was taken, and what has to go back."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import psycopg

from delivery.feedback.answer import Document
from delivery.feedback.judge import ListedRow, Refused, Taken
from delivery.managers import Manager, as_language, fallback_manager, is_address
from warehouse.errors import Problem

if TYPE_CHECKING:
    from warehouse.company import Company

_LOCK = "select pg_try_advisory_lock(hashtextextended('guanxi.feedback', 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended('guanxi.feedback', 0))"


class FeedbackBusyError(Problem):
    """Another process takes answers in."""


@contextlib.contextmanager
def alone(connection: psycopg.Connection) -> Iterator[None]:
    """Be the only process that works with answers while the block runs. Raises FeedbackBusyError."""
    row = connection.execute(_LOCK).fetchone()
    connection.commit()
    if row is None or not row[0]:
        raise FeedbackBusyError(
            "the answers of account managers",
            seen="another process takes them in now",
            expected="one at a time",
            next_step="wait for it to end, then run guanxi feedback again",
        )
    try:
        yield
    finally:
        if not (connection.closed or connection.broken):
            connection.rollback()
            connection.execute(_UNLOCK)
            connection.commit()


@dataclass(frozen=True, slots=True)
class Person:
    """An active account manager, or the desk, and who stands in for them."""

    manager: Manager
    stands_in_id: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Everybody of the live night who may answer."""

    every: tuple[Person, ...]

    def by_id(self, account_manager_id: str) -> Manager | None:
        """Return a manager by id; None for whoever is not active any more."""
        found = (each.manager for each in self.every if each.manager.account_manager_id == account_manager_id)
        return next(found, None)

    def by_address(self, address: str) -> tuple[Manager, ...]:
        """Return those whose address it is, whatever its capitals; several may share a mailbox."""
        return tuple(
            each.manager for each in self.every if each.manager.email and each.manager.email.lower() == address.lower()
        )

    def rows_of(self, managers: Sequence[Manager]) -> frozenset[str]:
        """Return the ids of those whose rows these managers may answer: their own, and those they stand in for."""
        own = {each.account_manager_id for each in managers}
        stood_in = {each.manager.account_manager_id for each in self.every if each.stands_in_id in own}
        return frozenset(own | stood_in)


def read_people(connection: psycopg.Connection, *, gen: int, company: Company) -> People:
    """Return the active managers of a generation, by id, and the desk of company.yml last."""
    rows = connection.execute(
        "select account_manager_id, account_manager_name, email, language, stands_in_id from pub.dim_account_managers"
        " where gen = %s and coalesce(is_active, true) order by 1",
        (gen,),
    ).fetchall()
    people = [
        Person(
            Manager(
                account_manager_id=manager_id,
                name=name or manager_id,
                email=email if is_address(email) else None,
                language=as_language(language, default=company.language),
            ),
            stands_in_id,
        )
        for manager_id, name, email, language, stands_in_id in rows
    ]
    desk = fallback_manager(company)
    if desk is not None and desk.account_manager_id not in {each.manager.account_manager_id for each in people}:
        people.append(Person(replace(desk, email=desk.email if is_address(desk.email) else None)))
    return People(tuple(people))


def read_rows(connection: psycopg.Connection) -> dict[str, tuple[ListedRow, ...]]:
    """Return every row that was ever listed, by its code."""
    found: dict[str, list[ListedRow]] = defaultdict(list)
    for code, manager_id, account_id in connection.execute(
        "select row_code, account_manager_id, account_id from ops.list_rows order by 1, 2, 3"
    ):
        found[code].append(ListedRow(manager_id, account_id))
    return {code: tuple(rows) for code, rows in found.items()}


@dataclass(frozen=True, slots=True)
class FeedbackLedger:
    """Keeps answers; one process at a time (`alone`). `as_of` is the day of the list that is live.

    No method ends the transaction.
    """

    connection: psycopg.Connection
    as_of: date
    now: datetime

    def knows(self, reference: str) -> bool:
        """Say whether a document was taken in before."""
        found = self.connection.execute("select 1 from ops.feedback_documents where reference = %s", (reference,))
        return found.fetchone() is not None

    def keep(
        self, document: Document, manager_id: str | None, taken: Sequence[Taken], refused: Sequence[Refused]
    ) -> int:
        """Keep a document, its answers, and what is to go back; return how many answers say something new.

        An answer that repeats the manager's newest one about the account is not kept again.
        """
        told_at = min(document.told_at or self.now, self.now)
        goes_back = manager_id is not None and bool(refused)
        self.connection.execute(
            "insert into ops.feedback_documents (reference, channel, account_manager_id, told_at, as_of, taken_count,"
            " refused_count, refusals, reply_to, return_state, taken_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                document.reference,
                document.channel,
                manager_id,
                told_at,
                self.as_of,
                len(taken),
                len(refused),
                _as_text(document, refused) if goes_back else None,
                document.reply_to,
                "pending" if goes_back else "none",
                self.now,
            ),
        )
        return sum(self._keep_answer(document, each, told_at) for each in taken)

    def _keep_answer(self, document: Document, taken: Taken, told_at: datetime) -> int:
        values = {
            "reference": document.reference,
            "place": taken.place,
            "code": taken.row_code,
            "account": taken.row.account_id,
            "manager": taken.row.account_manager_id,
            "told_at": told_at,
            "as_of": self.as_of,
            "channel": document.channel,
            "outcome": taken.outcome_code,
            "note": taken.note,
            "until": taken.snoozed_until,
        }
        return self.connection.execute(
            "insert into ops.feedback (reference, place, row_code, account_id, account_manager_id, told_at, as_of,"
            " channel, outcome_code, note, snoozed_until)"
            " select %(reference)s, %(place)s, %(code)s, %(account)s, %(manager)s, %(told_at)s, %(as_of)s,"
            " %(channel)s, %(outcome)s, %(note)s, %(until)s"
            " where not exists (select 1 from (select * from ops.feedback f where f.account_id = %(account)s"
            " and f.account_manager_id = %(manager)s order by f.told_at desc, f.feedback_id desc limit 1) as newest"
            " where newest.as_of = %(as_of)s and newest.outcome_code = %(outcome)s"
            " and newest.note is not distinct from %(note)s::text"
            " and newest.snoozed_until is not distinct from %(until)s::date)",
            values,
        ).rowcount


def _as_text(document: Document, refused: Sequence[Refused]) -> str:
    rows = [{"place": each.place, "said": each.said, "reason": each.reason, "values": each.values} for each in refused]
    return json.dumps({"label": document.label, "rows": rows}, ensure_ascii=False)
