"""Writes the mails about relationships to review into the outbox, for whom got none in the running period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from delivery.published_reviews import PublishedReviews

Period = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Enqueued:
    """How many mails were written now, and how many managers had theirs in the period already."""

    queued_count: int
    mailed_before_count: int


def enqueue_reviews(reviews: PublishedReviews, *, now: datetime, every: Period) -> Enqueued:
    """Write one mail for each manager with relationships to review, in one transaction; a repeat writes none.

    The connection of `reviews` is the mailer's. Nothing is written when another generation is live by now, nor for a
    manager who was mailed, or perhaps was, since the day, week or month of `now` began in the company's time zone.
    """
    since = beginning_of(every, now.astimezone(reviews.company.zone))
    row = reviews.connection.execute(
        "select queued, mailed_before from ops.enqueue_reviews(%s, %s, %s)", (reviews.gen, reviews.desk_id, since)
    ).fetchone()
    reviews.connection.commit()
    return Enqueued(*map(int, row or (0, 0)))


def beginning_of(period: Period, moment: datetime) -> datetime:
    """Return the first moment of the day, week (from Monday) or month in which `moment` lies, in its own zone."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if period == "month" else midnight
