"""Takes answers in: each document once, each answer checked, nothing lost without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import psycopg

from delivery.feedback.answer import Document
from delivery.feedback.judge import Judge, Refused, Taken
from delivery.feedback.ledger import FeedbackLedger, People, read_people, read_rows
from delivery.feedback.outcomes import Outcomes

if TYPE_CHECKING:
    from warehouse.company import Company


class Inbox(Protocol):
    """A place answers come from."""

    def documents(self) -> Iterable[Document]:
        """Return what lies there, oldest first."""

    def done(self, document: Document, *, is_clean: bool) -> None:
        """Put a document away for good; `is_clean` says whether all of it was taken."""


@dataclass(slots=True)
class Intake:
    """What came of taking answers in; a document is a mail, a file or a record of the CRM.

    `lines` are for a person and hold no address and no words of an answer.
    """

    documents: int = 0
    taken: int = 0
    repeated: int = 0
    refused: int = 0
    known: int = 0
    ignored: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the report in words, one fact a line."""
        if not self.documents:
            return ["feedback: nothing new"]
        told = [f"feedback: {self.taken:,} answers taken{_counted(self.outcomes)} of {self.documents:,} documents"]
        if self.repeated:
            told.append(f"feedback: {self.repeated:,} answers said what was known already")
        if self.refused:
            told.append(f"feedback: {self.refused:,} answers refused{_counted(self.reasons)}")
        if self.known:
            told.append(f"feedback: {self.known:,} documents had been taken in before")
        told += [f"feedback: ignored {each}" for each in self.ignored]
        told += [f"feedback: {each}; nothing was taken and nobody is answered" for each in self.strangers]
        return told


def _counted(counts: dict[str, int]) -> str:
    told = ", ".join(
        f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    )
    return f" ({told})" if told else ""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Takes documents in, one transaction each. `is_trial` looks and keeps nothing."""

    ledger: FeedbackLedger
    judge: Judge
    people: People
    is_trial: bool = False

    @classmethod
    def at_work(
        cls,
        connection: psycopg.Connection,
        *,
        company: Company,
        gen: int,
        as_of: date,
        now: datetime,
        outcomes: Outcomes,
        is_trial: bool = False,
    ) -> Clerk:
        """Return a clerk for the live generation `gen`, whose list is that of `as_of`; the day after it is today."""
        return cls(
            ledger=FeedbackLedger(connection, as_of=as_of, now=now),
            judge=Judge(outcomes, read_rows(connection), today=as_of + timedelta(days=1)),
            people=read_people(connection, gen=gen, company=company),
            is_trial=is_trial,
        )

    def take_in(self, inbox: Inbox, intake: Intake, *, progress: Callable[[str], None]) -> None:
        """Take in all that lies in an inbox, and count it in `intake`; a repeat takes nothing twice."""
        for document in inbox.documents():
            is_known = self.ledger.knows(document.reference)
            if is_known and document.channel == "crm":  # a field keeps what was entered, night after night
                continue
            intake.documents += 1
            progress(f"answers of {intake.documents} documents")
            if is_known:
                intake.known += 1
                self._end(inbox, document, is_clean=True)
                continue
            if document.ignored:
                intake.ignored.append(f"{document.label}: {document.ignored}")
                self._keep(document, None, [], [])
                self._end(inbox, document, is_clean=False)
                continue
            self._end(inbox, document, is_clean=self._take(document, intake))

    def _take(self, document: Document, intake: Intake) -> bool:
        sender, rows_of, reason = self._sender(document)
        if sender is None:
            intake.strangers.append(f"{document.label}: {reason}")
            self._keep(document, None, [], [])
            return False
        taken, refused = self.judge.judge(document, rows_of)
        if document.problem:
            refused = [Refused(0, "", document.problem), *refused]
        new = self._keep(document, sender, taken, refused)
        intake.taken += new
        intake.repeated += len(taken) - new
        intake.refused += len(refused)
        for each in taken:
            intake.outcomes[each.outcome_code] = intake.outcomes.get(each.outcome_code, 0) + 1
        for bad in refused:
            intake.reasons[bad.reason] = intake.reasons.get(bad.reason, 0) + 1
        return not refused

    def _sender(self, document: Document) -> tuple[str | None, frozenset[str], str]:
        """Return who sent a document, whose rows it may answer, and why nobody did."""
        if document.sender is not None:
            managers = self.people.by_address(document.sender)
            reason = "its sender is no account manager that we know"
        elif document.manager_id is not None:
            manager = self.people.by_id(document.manager_id)
            managers = () if manager is None else (manager,)
            reason = f"{document.manager_id} is no account manager that we know"
        else:
            owners = self.judge.managers_of(document)
            return next(iter(owners)) if len(owners) == 1 else None, owners, _why_nobodys(document, owners)
        return managers[0].account_manager_id if managers else None, self.people.rows_of(managers), reason

    def _keep(self, document: Document, manager_id: str | None, taken: list[Taken], refused: list[Refused]) -> int:
        connection = self.ledger.connection
        new = self.ledger.keep(document, manager_id, taken, refused)
        if self.is_trial:
            connection.rollback()
        else:
            connection.commit()
        return new

    def _end(self, inbox: Inbox, document: Document, *, is_clean: bool) -> None:
        if self.is_trial:
            return
        self.ledger.connection.commit()
        inbox.done(document, is_clean=is_clean)


def _why_nobodys(document: Document, owners: frozenset[str]) -> str:
    if document.problem:
        return f"nothing can be read from it ({document.problem})"
    if owners:
        return "its rows are of several account managers: lay each one's file into a folder named by the manager's id"
    return "no code in it is known, so nobody knows whose it is"
