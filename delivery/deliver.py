"""Sends the live generation's mails of a kind: each manager their own, at most one extra copy, none lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

from delivery.mailing import Mailing
from delivery.managers import is_address
from delivery.outbox import Outbox, State, Ticket
from delivery.published import Published
from delivery.render import fingerprint, render_mail
from delivery.report import DeliveryReport, names, undelivered
from delivery.smtp import Courier, Fate, MailServerUnreachableError, Outcome
from warehouse.errors import Problem

if TYPE_CHECKING:
    from delivery.letter import Letter
    from delivery.managers import Manager

# The waits between the rounds of one run: mails refused for now and unanswered ones are tried again after each.
BACK_OFF_SECONDS = (2.0, 8.0, 30.0)
# So many unanswered mails in a row are the server's fault, not the mails'.
_SILENT_LIMIT = 5

_AFTER = {
    Fate.ACCEPTED: State.SENT,
    Fate.REFUSED_FOR_NOW: State.PENDING,
    Fate.REFUSED: State.FAILED,
    Fate.UNKNOWN: State.UNKNOWN,
}


class ForeignRowsError(Problem):
    """A list holds accounts of another manager."""


class BadSenderError(Problem):
    """The sender's address is not one plain e-mail address."""


class MailServerSilentError(Problem):
    """The mail server takes mails and does not say what becomes of them."""


@dataclass(slots=True)
class _Run:
    """One delivery on its way."""

    lists: Published
    outbox: Outbox
    post: Courier
    sender: str
    sleep: Callable[[float], None]
    progress: Callable[[str], None]
    sent_now: int = 0
    copies_now: int = 0
    silent_in_a_row: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    def rounds(self) -> None:
        """Send what waits; try again what was refused for now or went unanswered, with growing waits."""
        for wait in (0.0, *BACK_OFF_SECONDS):
            waiting = self.outbox.waiting()
            if not waiting:
                return
            if wait:
                self.progress(f"{len(waiting)} mails wait; trying them again in {wait:.0f} s")
                self.sleep(wait)
            for number, manager_id in enumerate(waiting, start=1):
                self.progress(f"mail {number} of {len(waiting)}")
                self._ready()
                self._one(manager_id)

    def _ready(self) -> None:
        for wait in BACK_OFF_SECONDS:
            try:
                return self.post.ready()
            except MailServerUnreachableError:
                self.progress(f"the mail server does not answer; trying again in {wait:.0f} s")
                self.sleep(wait)
        return self.post.ready()

    def _one(self, manager_id: str) -> None:
        ticket = self.outbox.take(manager_id)
        if ticket is None:
            return
        prepared = self._prepare(ticket)
        if prepared is None:
            return
        recipient, message, body_sha256 = prepared
        self.outbox.begin(ticket, recipient=recipient, body_sha256=body_sha256)
        try:
            outcome = self.post.send(message)
        except Problem as problem:
            self.outbox.settle(ticket, State.PENDING, error=problem.seen)
            raise
        except BaseException:
            self.outbox.release(ticket)  # it may have left: the next run finds it `sending`
            raise
        self.outbox.settle(ticket, _AFTER[outcome.fate], error=outcome.reason or None)
        self._count(ticket, outcome)

    def _prepare(self, ticket: Ticket) -> tuple[str, EmailMessage, str] | None:
        """Return recipient, mail and hash; None when the row was settled without a mail."""
        manager = self.lists.manager(ticket.account_manager_id)
        recipient = ticket.recipient or manager.email
        if recipient is None or not is_address(recipient):
            reason = "the manager has no e-mail address" if not recipient else "not one plain e-mail address"
            self.reasons[ticket.account_manager_id] = reason
            self.outbox.refuse(ticket, reason)
            return None
        letter = self.lists.letter(manager)
        if letter is None:
            self.outbox.refuse(ticket, "the published list is empty")
            return None
        self._refuse_foreign(manager, letter)
        original = self._render(letter, recipient, ticket, is_copy=False)
        body_sha256 = fingerprint(original)
        if not ticket.is_copy:
            return recipient, original, body_sha256
        if ticket.body_sha256 not in {None, body_sha256}:
            self.outbox.leave(ticket, "the mail would not be the same as the one that may have arrived")
            return None
        return recipient, self._render(letter, recipient, ticket, is_copy=True), body_sha256

    def _render(self, letter: Letter, recipient: str, ticket: Ticket, *, is_copy: bool) -> EmailMessage:
        return render_mail(
            letter,
            sender=self.sender,
            recipient=recipient,
            message_id=ticket.message_id,
            sent_on=self.lists.published_at,
            is_copy=is_copy,
        )

    def _refuse_foreign(self, manager: Manager, letter: Letter) -> None:
        foreign = self.lists.foreign_accounts(manager, letter.account_ids)
        if not foreign:
            return
        self.lists.connection.rollback()
        raise _foreign(
            self.lists.mailing,
            f"the {self.lists.mailing.noun} of manager {manager.account_manager_id}, generation {letter.gen}",
            seen=f"{len(foreign)} of its {len(letter.account_ids)} accounts belong to somebody else or are not known",
        )

    def _count(self, ticket: Ticket, outcome: Outcome) -> None:
        self.silent_in_a_row = self.silent_in_a_row + 1 if outcome.fate is Fate.UNKNOWN else 0
        if outcome.fate is Fate.ACCEPTED:
            self.sent_now += 1
            self.copies_now += ticket.is_copy
        elif outcome.fate is Fate.REFUSED:
            self.reasons[ticket.account_manager_id] = f"refused by the mail server ({outcome.reason[:3]})"
        if self.silent_in_a_row >= _SILENT_LIMIT:
            raise MailServerSilentError(
                "the mail server",
                seen=f"{self.silent_in_a_row} mails in a row were handed in and got no answer",
                expected="an answer to each mail",
                next_step=f"look into the server's log, then run {self.lists.mailing.command} again: unanswered mails"
                " are sent once more, marked as copies; the others have not been sent",
            )

    def report(self) -> DeliveryReport:
        waiting = set(self.outbox.waiting())
        unknown = self.outbox.managers_in(State.UNKNOWN)
        pending = self.outbox.managers_in(State.PENDING, State.SENDING)
        return DeliveryReport(
            mailing=self.lists.mailing,
            gen=self.outbox.gen,
            sent=self.outbox.counts()[State.SENT],
            sent_now=self.sent_now,
            copies_now=self.copies_now,
            pending=tuple(sorted({*pending, *(each for each in unknown if each in waiting)})),
            unanswered=tuple(each for each in unknown if each not in waiting),
            failed=tuple(self.outbox.managers_in(State.FAILED)),
            expired=tuple(self.outbox.managers_in(State.EXPIRED)),
            held=len(self.outbox.managers_in(State.HELD)),
            held_because=self.outbox.why_held(),
            dropped=len(self.outbox.managers_in(State.DROPPED)),
            without_list=self.lists.managers_without_letter(),
        )


def deliver(
    lists: Published,
    *,
    post: Courier,
    mail_from: str,
    now: datetime,
    sleep: Callable[[float], None],
    progress: Callable[[str], None],
) -> DeliveryReport:
    """Send the mails of one kind of the live generation; a repeat sends only what has not gone out.

    The connection of `lists` is the mailer's and must not be in a transaction; `post` need not be open yet. `now`
    decides what is too late. Held mails stay as they are. Raises BadSenderError, MailServerUnreachableError,
    MailServerRefusedError, MailServerSilentError and ForeignRowsError, after which the unsent mails still wait;
    and, when all that could go has gone, UndeliveredError, which names the managers whose mail did not arrive for
    sure.
    """
    mailing, gen = lists.mailing, lists.gen
    if not is_address(mail_from):
        raise BadSenderError(
            "GUANXI_MAIL_FROM",
            seen="not one plain e-mail address",
            expected="an address such as lists@example.com",
            next_step=f"correct the setting, then run {mailing.command} again",
        )
    if foreign := lists.managers_with_foreign_accounts():
        raise _foreign(
            mailing,
            f"the {mailing.noun}s of generation {gen}",
            seen=f"accounts of somebody else, or unknown ones, are on the {mailing.noun}s of: {names(foreign)}",
        )
    outbox = Outbox(lists.connection, gen=gen, now=now, kind=mailing.kind)
    outbox.recover()
    outbox.expire()
    run = _Run(lists, outbox, post, sender=mail_from, sleep=sleep, progress=progress)
    run.rounds()
    report = run.report()
    lists.connection.commit()
    if not report.is_complete:
        raise undelivered(report, run.reasons)
    return report


def _foreign(mailing: Mailing, thing: str, *, seen: str) -> ForeignRowsError:
    return ForeignRowsError(
        thing,
        seen=seen,
        expected="each manager is told of their own accounts only",
        next_step=f"nothing more was sent. Compare {mailing.mart} with dim_accounts.account_manager_id, mend the"
        " cause and run the night again",
    )
