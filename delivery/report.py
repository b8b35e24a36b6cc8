"""Where the mails of a generation stand, and the words for what did not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from delivery.mailing import Mailing
from warehouse.errors import Problem

_NAMED_LIMIT = 10


class UndeliveredError(Problem):
    """Some mails did not reach their manager, or nobody knows. `report` has the counts."""

    report: DeliveryReport


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Where the mails of a kind of a generation stand, over all runs. Managers are named by id.

    `sent_now` and `copies_now` are this run's; `unanswered` are unknown and will not be tried again; `held` lists
    wait for a person, `held_because` of a stale source or drift; `without_list` is how many active managers had
    nothing to be told.
    """

    mailing: Mailing
    gen: int
    sent: int
    sent_now: int
    copies_now: int
    pending: tuple[str, ...]
    unanswered: tuple[str, ...]
    failed: tuple[str, ...]
    expired: tuple[str, ...]
    held: int
    held_because: str | None
    dropped: int
    without_list: int

    def lines(self) -> list[str]:
        """Return the report in words, one fact a line."""
        copies = f", {self.copies_now:,} of them copies" if self.copies_now else ""
        told = [f"{self.sent:,} {self.mailing.noun}s sent ({self.sent_now:,} in this run{copies})"]
        if self.held:
            told.append(held_line(self.mailing, self.gen, self.held, self.held_because))
        if self.dropped:
            told.append(f"{self.dropped:,} held {self.mailing.noun}s were dropped: nobody gets them")
        if self.without_list:
            told.append(f"{self.without_list:,} active account managers have nothing to be told: no mail for them")
        return told

    @property
    def is_complete(self) -> bool:
        """Whether every list that may be sent was accepted by the mail server."""
        return not (self.pending or self.unanswered or self.failed or self.expired)


def undelivered(report: DeliveryReport, reasons: dict[str, str]) -> UndeliveredError:
    """Return the problem that names the managers without a list; `reasons` are this run's, by manager."""
    parts, steps = [], []
    if report.failed:
        parts.append(f"failed: {names(report.failed, reasons)}")
        steps.append("correct these managers' addresses in the source system; the next list takes them")
    if report.unanswered:
        parts.append(f"sent twice without an answer: {names(report.unanswered)}")
        steps.append("ask the managers or the mail server's log whether the list came")
    if report.pending:
        parts.append(f"still waiting: {names(report.pending)}")
        steps.append(f"run {report.mailing.command} again")
    if report.expired:
        parts.append(f"too late to be of use: {names(report.expired)}")
        steps.append("run the night again, so that the lists are of today")
    error = UndeliveredError(
        f"the {report.mailing.noun}s of generation {report.gen}: {report.sent} sent",
        seen="; ".join(parts),
        expected="the mail server takes every list",
        next_step="; ".join(steps),
    )
    error.report = report
    error.may_pass = bool(report.pending)
    return error


def most_hopeful(problems: Sequence[UndeliveredError]) -> UndeliveredError:
    """Return the problem of several kinds that is told: the first that a further try may mend, else the first."""
    return next((each for each in problems if each.may_pass), problems[0])


def held_line(mailing: Mailing, gen: int, count: int, because: str | None) -> str:
    """Return in words how many mails of a kind of a generation are held, why, and what a person can do."""
    return (
        f"{mailing.counted(count)} of generation {gen} held, no mail sent: {because}. Next: guanxi mails"
        f" release --generation {gen} sends them all the same, guanxi mails drop --generation {gen} does not;"
        f" {mailing.later}"
    )


def names(manager_ids: Iterable[str], reasons: dict[str, str] | None = None) -> str:
    """Return the first managers by id, with the reasons that are known, and how many more there are."""
    ids = list(manager_ids)
    shown = [f"{each} ({reasons[each]})" if reasons and each in reasons else each for each in ids[:_NAMED_LIMIT]]
    more = len(ids) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
