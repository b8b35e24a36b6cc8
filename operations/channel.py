"""What takes an alert to people: a name, and a way to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from operations.alert import Alert
from operations.alert_book import AlertBook
from warehouse.errors import Problem


class ChannelFailedError(Problem):
    """A channel did not take an alert. `is_doubtful` when nobody knows whether it did."""

    is_doubtful = False


@dataclass(frozen=True, slots=True)
class Channel:
    """`name` is kept with what it took and holds no address; `tell` raises ChannelFailedError."""

    name: str
    tell: Callable[[Alert], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What one look came to: alerts that were new, how many tellings succeeded, and the problems of the others."""

    new: tuple[Alert, ...]
    count: int
    problems: tuple[str, ...]
    waiting: int

    @property
    def is_well(self) -> bool:
        """Whether everything that is worth telling has been told."""
        return not self.waiting


def tell(book: AlertBook, alerts: list[Alert], channels: list[Channel], *, now: datetime) -> Told:
    """Note the alerts and let each channel tell what it has not told; what fails waits for the next look.

    Of a telling whose fate nobody knows one more is made, as of a list that is mailed.
    """
    new = book.note(alerts)
    names = [channel.name for channel in channels]
    count, problems = 0, []
    for alert in book.waiting(names, now):
        for channel in channels:
            if channel.name in alert.told_by:
                continue
            try:
                channel.tell(alert)
            except ChannelFailedError as error:
                if error.is_doubtful and alert.tries:
                    book.told(alert, channel.name, now)
                else:
                    book.untold(alert, error.seen)
                problems.append(str(error))
                continue
            book.told(alert, channel.name, now)
            count += 1
    return Told(tuple(new), count, tuple(dict.fromkeys(problems)), len(book.waiting(names, now)))
