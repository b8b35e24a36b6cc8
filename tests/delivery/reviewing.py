"""Relationships to review, put into a published night, and the mails about them, as the tests start them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg

from delivery.enqueue import Enqueued, Period, enqueue_reviews
from delivery.managers import Language
from delivery.published_reviews import PublishedReviews
from delivery.report import DeliveryReport
from delivery.review_letter import ReviewLetter, ReviewOutcome, ReviewReason, ReviewRow
from tests.delivery.conftest import AS_OF, NOW, Publisher, letter_head
from tests.delivery.sending import send
from warehouse.company import Company

PRIORITIES = {"changed": 1, "plan_due": 2, "over_claimed": 3, "stale": 4, "quarter": 5}
ARISEN = date(2026, 3, 1)


def publish_reviews(
    publisher: Publisher,
    managers: Sequence[dict[str, Any]],
    queue: Mapping[str, Sequence[str]],
    *,
    owners: Mapping[str, str | None],
    known_owners: Mapping[str, str | None] | None = None,
    **night: Any,
) -> int:
    """Publish a night whose queue has accounts with the codes of their reasons; return the generation.

    `owners` is whose each account is by the queue, `known_owners` by the accounts themselves, where that differs.
    """
    gen = publisher.publish(managers, {}, **night)
    for account_id, reasons in queue.items():
        owner = owners[account_id]
        publisher.connection.execute(
            "insert into pub.dim_accounts (gen, account_id, account_name, account_manager_id, as_of_date)"
            " values (%s, %s, %s, %s, %s)",
            (gen, account_id, f"Account {account_id}", (known_owners or {}).get(account_id, owner), AS_OF),
        )
        for number, reason in enumerate(reasons):
            publisher.connection.execute(
                "insert into pub.fct_relationship_review_queue (gen, review_queue_key, account_id, account_manager_id,"
                " reason_code, reason_name_en, reason_name_zh, reason_text_en, reason_text_zh, reason_task_en,"
                " reason_task_zh, reason_priority, account_priority, account_reasons_count, relationship_index,"
                " arisen_date, as_of_date)"
                " values (%(gen)s, %(key)s, %(account)s, %(owner)s, %(reason)s, %(reason)s, %(reason)s, 'why', '缘由',"
                " 'do it', '去做', %(priority)s, %(first)s, %(count)s, 40, %(arisen)s, %(as_of)s)",
                {
                    "gen": gen, "key": f"{account_id}|{reason}", "account": account_id, "owner": owner,
                    "reason": reason, "priority": PRIORITIES[reason],
                    "first": min(PRIORITIES[each] for each in reasons), "count": len(reasons),
                    "arisen": ARISEN.replace(day=1 + number), "as_of": AS_OF,
                },
            )  # fmt: skip
    publisher.connection.commit()
    return gen


def two_to_review(publisher: Publisher, **night: Any) -> int:
    """Publish a night in which ann has two accounts to review, bob one and idle none."""
    return publish_reviews(
        publisher,
        [{"id": "ann"}, {"id": "bob", "language": "zh"}, {"id": "idle"}],
        {"A1": ["quarter"], "A2": ["changed", "stale"], "B1": ["plan_due"]},
        owners={"A1": "ann", "A2": "ann", "B1": "bob"},
        **night,
    )


def enqueue(
    connection: psycopg.Connection, company: Company, gen: int, *, now: datetime = NOW, every: Period = "week"
) -> Enqueued:
    return enqueue_reviews(PublishedReviews.live(connection, gen=gen, company=company), now=now, every=every)


def mail_reviews(
    connection: psycopg.Connection,
    company: Company,
    url: str,
    gen: int,
    *,
    now: datetime = NOW,
    every: Period = "week",
) -> DeliveryReport:
    """What `guanxi review --mail` does."""
    enqueue(connection, company, gen, now=now, every=every)
    return send(connection, company, url, gen, kind=PublishedReviews, now=now)


def review_row(rank: int = 1, **changes: Any) -> ReviewRow:
    """A plain account to review."""
    row = ReviewRow(
        rank=rank,
        account_id=f"C{rank:04d}",
        account_name=f"Account {rank}",
        relationship_index=Decimal("56.40"),
        last_reviewed_date=date(2026, 1, 7),
        reasons=(ReviewReason("Big change", "The index moved by -12.50 points", "Find out why", ARISEN),),
    )
    return dataclasses.replace(row, **changes)


def a_review(*rows: ReviewRow, language: Language = "en", name: str = "Ann O'Hara", **changes: Any) -> ReviewLetter:
    """A letter with the given accounts, or with one plain account."""
    letter = ReviewLetter(
        **letter_head(language, name),
        rows=rows or (review_row(),),
        outcomes=(ReviewOutcome("confirmed", "Confirmed"), ReviewOutcome("changed", "Put right")),
        review_sources=("crm", "sheet"),
    )
    return dataclasses.replace(letter, **changes)


def with_reviews(company: Company) -> Company:
    """The company with a source through which reviews come back."""
    crm = {"name": "crm", "kind": "files", "entities": {"relationship_reviews": {}}}
    raw = company.model_dump(by_alias=True)
    return Company.model_validate(raw | {"sources": [*raw["sources"], crm]})


def text_of(mail: Any, kind: str = "plain") -> str:
    """The part of a mail that is plain text, or another kind."""
    return str(mail.get_body((kind,)).get_content())
