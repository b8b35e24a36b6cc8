"""The kinds of mails there are, and what people call them. How they are sent is the same for all."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.churn_letter import ChurnLetter
from delivery.review_letter import ReviewLetter


@dataclass(frozen=True, slots=True)
class Mailing:
    """A kind of mail.

    `kind` is that of ops.outbox, `mart` where its accounts stand, `noun` what one mail is called, `command` what
    sends it (again).
    """

    kind: str
    mart: str
    noun: str
    command: str

    def counted(self, count: int) -> str:
        """Return how many mails, in words."""
        return f"{count:,} {self.noun}{'s' * (count != 1)}"


CHURN_LISTS = Mailing(ChurnLetter.kind, "fct_churn_lists", "list", "guanxi deliver")
REVIEWS = Mailing(ReviewLetter.kind, "fct_relationship_review_queue", "review list", "guanxi review --mail")

MAILINGS = (CHURN_LISTS, REVIEWS)


def mailing_of(kind: str) -> Mailing:
    """Return the mailing of a kind that ops.outbox names."""
    return next(each for each in MAILINGS if each.kind == kind)
