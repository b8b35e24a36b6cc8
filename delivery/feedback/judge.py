"""Whether an answer can be taken, and what it says then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from delivery.feedback.answer import Answer, Document
from delivery.feedback.days import UnclearDayError, read_day, read_until
from delivery.feedback.outcomes import SNOOZE, Outcome, Outcomes
from delivery.safe_text import LONG_LIMIT, clean


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row that stood on a list of a manager's, by which a code is understood."""

    account_manager_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer that makes sense."""

    place: int
    row_code: str
    row: ListedRow
    outcome_code: str
    note: str | None
    snoozed_until: date | None


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that does not, and the reason's code; `values` are what the reason's sentence needs."""

    place: int
    said: str
    reason: str
    values: dict[str, str] = field(default_factory=dict)


class RefusedError(ValueError):
    """Why an answer is not taken: the code of the reason, and what its sentence needs."""

    def __init__(self, reason: str, **values: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Judge:
    """What answers are held against: the policy, the rows that were ever listed, and the day that is today.

    `rows` has each code's rows; there are two where codes meet by chance.
    """

    outcomes: Outcomes
    rows: Mapping[str, tuple[ListedRow, ...]]
    today: date

    def judge(self, document: Document, manager_ids: frozenset[str]) -> tuple[list[Taken], list[Refused]]:
        """Return what is taken of a document and what is refused, in order; `manager_ids` are whose rows count."""
        taken: list[Taken] = []
        refused: list[Refused] = []
        for answer in document.answers:
            try:
                taken.append(self._take(answer, manager_ids, [each.row for each in taken]))
            except RefusedError as error:
                refused.append(Refused(answer.place, clean(answer.said), error.reason, error.values))
        return taken, refused

    def managers_of(self, document: Document) -> frozenset[str]:
        """Return the managers whose rows a document's codes name."""
        codes = {answer.code for answer in document.answers if answer.code}
        return frozenset(row.account_manager_id for code in codes for row in self.rows.get(code, ()))

    def _take(self, answer: Answer, manager_ids: frozenset[str], answered: Sequence[ListedRow]) -> Taken:
        if answer.code is None:
            raise RefusedError("no_code")
        row = self._row(answer.code, manager_ids)
        if row in answered:
            raise RefusedError("twice")
        outcome, note, day = self._read(answer)
        if day is None and outcome.snooze_days is not None:
            day = self.today + timedelta(days=outcome.snooze_days)
        return Taken(
            place=answer.place,
            row_code=answer.code,
            row=row,
            outcome_code=outcome.code,
            note=clean(note, limit=LONG_LIMIT) or None,
            snoozed_until=day,
        )

    def _row(self, code: str, manager_ids: frozenset[str]) -> ListedRow:
        listed = self.rows.get(code, ())
        own = [row for row in listed if row.account_manager_id in manager_ids]
        if not listed:
            raise RefusedError("unknown_code")
        if not own:
            raise RefusedError("foreign_code")
        if len(own) > 1:
            raise RefusedError("ambiguous_code")
        return own[0]

    def _read(self, answer: Answer) -> tuple[Outcome, str, date | None]:
        """Return outcome, note and the day until which the account rests, if the answer says one."""
        if not (answer.words or answer.snooze):
            raise RefusedError("empty")
        outcome, rest = self.outcomes.begin(answer.words) if answer.words else (self.outcomes.of(SNOOZE), "")
        if outcome is None:
            raise RefusedError("unknown_outcome")
        limit = outcome.snooze_days_maximum
        again, after = self.outcomes.begin(rest)
        try:
            day = read_day(answer.snooze, today=self.today)
            if outcome.code == SNOOZE:
                said, rest = read_until(rest, today=self.today)
                day = day or said
            elif again is not None and again.code == SNOOZE:  # called, snooze 14 days
                said, rest = read_until(after, today=self.today)
                day = day or said or self.today + timedelta(days=again.snooze_days or 0)
                limit = max(limit, again.snooze_days_maximum)
        except UnclearDayError:
            raise RefusedError("unclear_day") from None
        except OverflowError:
            raise RefusedError("day_too_far", day="9999-12-31", limit=str(limit)) from None
        if day is not None and day <= self.today:
            raise RefusedError("day_past", day=day.isoformat())
        if day is not None and (day - self.today).days > limit:
            raise RefusedError("day_too_far", day=day.isoformat(), limit=str(limit))
        return outcome, ", ".join(each for each in (rest, answer.note) if each), day
