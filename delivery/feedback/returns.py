"""What goes back to a manager: the answers that could not be taken, each with its reason, in the manager's language."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import psycopg

from delivery.feedback.ledger import People
from delivery.feedback.outcomes import SNOOZE, Outcomes
from delivery.managers import Manager, typed_address
from delivery.phrases import Phrases, phrases_in
from delivery.safe_text import clean
from delivery.smtp import Courier, Fate
from warehouse.errors import Problem

if TYPE_CHECKING:
    from warehouse.company import Company

_ROWS_TOLD = 200
_EXAMPLE_CODE = "GX-1A2B3C4D"
_AFTER = {Fate.ACCEPTED: "sent", Fate.REFUSED: "failed", Fate.UNKNOWN: "unknown", Fate.REFUSED_FOR_NOW: "pending"}


@dataclass(frozen=True, slots=True)
class Return:
    """One mail that goes back: what the document was, and its refused answers as ops.feedback_documents has them.

    What comes from the CRM is a document each, and goes back in one mail: hence several references.
    """

    references: tuple[str, ...]
    channel: str
    told_at: datetime
    reply_to: str | None
    taken_count: int
    label: str
    rows: list[dict[str, Any]]

    def joined(self, other: Return) -> Return:
        """Return both as one."""
        return replace(
            self,
            references=(*self.references, *other.references),
            taken_count=self.taken_count + other.taken_count,
            rows=[*self.rows, *other.rows],
        )


@dataclass(slots=True)
class ReturnReport:
    """What became of the mails that go back; managers are named by id."""

    sent: int = 0
    waiting: int = 0
    unknown: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report in words, one fact a line; none where there was nothing to send."""
        told = []
        if self.sent:
            told.append(f"feedback: {self.sent:,} mails with refused answers went back to their senders")
        if self.waiting:
            told.append(f"feedback: {self.waiting:,} mails with refused answers wait; guanxi feedback tries them again")
        if self.unknown:
            told.append(
                f"feedback: nobody knows whether the refused answers of {', '.join(self.unknown)} came back;"
                " tell these managers"
            )
        if self.failed:
            told.append(
                f"feedback: the refused answers of {', '.join(self.failed)} cannot be mailed; tell these managers"
            )
        return told


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what waits. `connection` is the mailer's, and this process is alone with the answers."""

    connection: psycopg.Connection
    company: Company
    people: People
    outcomes: Outcomes
    mail_from: str
    now: datetime

    def waiting(self) -> int:
        """Return how many mails wait to go back."""
        row = self.connection.execute(
            "select count(*) from ops.feedback_documents where return_state in ('pending', 'sending')"
        ).fetchone()
        self.connection.commit()
        return int(row[0]) if row else 0

    def send(self, post: Courier, *, progress: Callable[[str], None]) -> ReturnReport:
        """Send each mail that waits, once; one of which nobody knows whether it arrived is never sent again.

        Raises MailServerUnreachableError and MailServerRefusedError; what was not sent waits then.
        """
        report = ReturnReport()
        self._give_up_the_dead(report)
        for manager_id, each in self._waiting():
            progress("mails with refused answers")
            manager = self.people.by_id(manager_id)
            if manager is None or manager.email is None:
                self._settle(each, "failed", error="the manager has no e-mail address")
                report.failed.append(manager_id)
                continue
            message = render_return(
                each, manager, self.outcomes, company=self.company, mail_from=self.mail_from, sent_on=self.now
            )
            post.ready()
            self._settle(each, "sending")
            try:
                outcome = post.send(message)
            except Problem:
                self._settle(each, "pending")
                raise
            self._settle(each, _AFTER[outcome.fate], error=clean(outcome.reason) or None)
            if outcome.fate is Fate.ACCEPTED:
                report.sent += 1
            elif outcome.fate is Fate.REFUSED_FOR_NOW:
                report.waiting += 1
            else:
                (report.failed if outcome.fate is Fate.REFUSED else report.unknown).append(manager_id)
        return report

    def _give_up_the_dead(self, report: ReturnReport) -> None:
        """A row that is still `sending` was left by a process that died: the mail may have arrived."""
        rows = self.connection.execute(
            "update ops.feedback_documents set return_state = 'unknown', refusals = null,"
            " return_error = 'the sender stopped before it knew the outcome'"
            " where return_state = 'sending' returning account_manager_id"
        ).fetchall()
        self.connection.commit()
        report.unknown += [manager_id for (manager_id,) in rows]

    def _waiting(self) -> list[tuple[str, Return]]:
        rows = self.connection.execute(
            "select account_manager_id, reference, channel, told_at, reply_to, taken_count, refusals"
            " from ops.feedback_documents where return_state = 'pending' order by taken_at, reference"
        ).fetchall()
        self.connection.commit()
        found: list[tuple[str, Return]] = []
        of_crm: dict[str, int] = {}
        for manager_id, reference, channel, told_at, reply_to, taken_count, refusals in rows:
            kept = json.loads(refusals)
            each = Return((reference,), channel, told_at, reply_to, taken_count, kept["label"], kept["rows"])
            if channel == "crm" and manager_id in of_crm:
                found[of_crm[manager_id]] = (manager_id, found[of_crm[manager_id]][1].joined(each))
                continue
            of_crm |= {manager_id: len(found)} if channel == "crm" else {}
            found.append((manager_id, each))
        return found

    def _settle(self, each: Return, state: str, *, error: str | None = None) -> None:
        """Note where a mail is; the words that were refused are kept only while it waits."""
        self.connection.execute(
            "update ops.feedback_documents set return_state = %s, return_error = %s,"
            " refusals = case when %s in ('pending', 'sending') then refusals end where reference = any(%s)",
            (state, error, state, list(each.references)),
        )
        self.connection.commit()


def render_return(
    each: Return, manager: Manager, outcomes: Outcomes, *, company: Company, mail_from: str, sent_on: datetime
) -> EmailMessage:
    """Return the mail that takes refused answers back to their manager. Raises ValueError for a bad address."""
    phrases = phrases_in(manager.language, "feedback")
    name = company.name.zh if manager.language == "zh" else company.name.en
    is_unreadable = any(row["place"] == 0 for row in each.rows)
    message = EmailMessage(policy=SMTP)
    message["From"] = typed_address(name=f"{name} (Guanxi)", email=mail_from)
    message["To"] = typed_address(name=manager.name, email=manager.email or "")
    message["Subject"] = (
        phrases.say("subject_unreadable") if is_unreadable else phrases.count("subject", len(each.rows))
    )
    message["Date"] = format_datetime(sent_on)
    message["Message-ID"] = f"<feedback.{each.references[0].partition(' ')[2][:40]}@guanxi.invalid>"
    if each.reply_to is not None:
        message["In-Reply-To"] = message["References"] = each.reply_to
    message["Auto-Submitted"] = "auto-replied"  # RFC 3834: nobody's program answers this
    message.set_content("\n".join(_lines(each, manager, outcomes, phrases, company)))
    message["Content-Language"] = manager.language
    return message


def _lines(each: Return, manager: Manager, outcomes: Outcomes, phrases: Phrases, company: Company) -> list[str]:
    day = each.told_at.astimezone(company.zone).date()
    label = clean(each.label).removeprefix("the file ")
    lines = [
        phrases.say("greeting", name=clean(manager.name)),
        "",
        phrases.say(f"intro_{each.channel}", day=day, label=label),
        "",
    ]
    place = "at_line" if each.channel == "mail" else "at_row"
    for row in each.rows[:_ROWS_TOLD]:
        reason = phrases.say(f"reason_{row['reason']}", **row["values"])
        if row["place"] == 0:
            lines += [reason, ""]
            continue
        where = phrases.say(place, place=row["place"])
        lines += [f"{where}{phrases.say('colon')}{clean(row['said'])}", f"   {reason}", ""]
    rest = phrases.say("rest_taken" if each.taken_count else "nothing_taken")
    return [*lines, rest, "", *_how(outcomes, phrases)]


def _how(outcomes: Outcomes, phrases: Phrases) -> list[str]:
    first, snooze = outcomes.every[0], outcomes.of(SNOOZE)
    names = ", ".join(each.name(phrases.language) for each in outcomes.every)
    return [
        phrases.say("how"),
        "",
        f"   {_EXAMPLE_CODE} {first.name(phrases.language)}, {phrases.say('example_note')}",
        f"   {_EXAMPLE_CODE} {snooze.name(phrases.language)} {phrases.say('example_days')}",
        "",
        phrases.say("how_day"),
        f"{phrases.say('outcomes')}{phrases.say('colon')}{names}",
    ]
