"""The kinds of mails there are, and what people call them. How they are sent is the same for all."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.churn_letter import ChurnLetter
from delivery.lead_letter import LeadLetter
from delivery.quiet_letter import QuietLetter
from delivery.review_letter import ReviewLetter


@dataclass(frozen=True, slots=True)
class Mailing:
    """A kind of mail.

    `kind` is that of ops.outbox, `mart` where its accounts stand, `noun` what one mail is called, `command` what
    sends it (again), `later` what becomes of it when nobody decides about held ones.
    """

    kind: str
    mart: str
    noun: str
    command: str
    later: str

    def counted(self, count: int) -> str:
        """Return how many mails, in words."""
        return f"{count:,} {self.noun}{'s' * (count != 1)}"


CHURN_LISTS = Mailing(
    kind=ChurnLetter.kind,
    mart="fct_churn_lists",
    noun="list",
    command="guanxi deliver",
    later="a night that is not held sends its own",
)
REVIEWS = Mailing(
    kind=ReviewLetter.kind,
    mart="fct_relationship_review_queue",
    noun="review list",
    command="guanxi review --mail",
    later="after a night with the source delivered, guanxi review --mail sends that night's",
)

LEAD_DIGESTS = Mailing(
    kind=LeadLetter.kind,
    mart="fct_churn_lists",
    noun="team digest",
    command="guanxi deliver",
    later="a night that is not held sends its own",
)
QUIET_LISTS = Mailing(
    kind=QuietLetter.kind,
    mart="fct_churn_lists",
    noun="empty-list note",
    command="guanxi deliver",
    later="a night that is not held sends its own, once a week",
)

OF_A_NIGHT = (CHURN_LISTS, LEAD_DIGESTS, QUIET_LISTS)
"""The kinds that a publication writes and `guanxi deliver` sends."""

MAILINGS = (*OF_A_NIGHT, REVIEWS)


def mailing_of(kind: str) -> Mailing:
    """Return the mailing of a kind that ops.outbox names."""
    return next(each for each in MAILINGS if each.kind == kind)
