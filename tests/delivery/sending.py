"""One run of the delivery, as the tests start it."""

from __future__ import annotations

from datetime import datetime

import psycopg

from delivery.deliver import deliver
from delivery.published import Published
from delivery.published_lists import PublishedLists
from delivery.report import DeliveryReport
from delivery.smtp import Courier, parse_smtp_url
from tests.delivery.conftest import NOW, Publisher
from warehouse.company import Company


def send(
    connection: psycopg.Connection,
    company: Company,
    url: str,
    gen: int,
    *,
    kind: type[Published] = PublishedLists,
    now: datetime = NOW,
    waits: list[float] | None = None,
    mail_from: str = "lists@example.test",
) -> DeliveryReport:
    with Courier(parse_smtp_url(url), command=kind.mailing.command) as courier:
        return deliver(
            kind.live(connection, gen=gen, company=company),
            post=courier,
            mail_from=mail_from,
            now=now,
            sleep=(waits if waits is not None else []).append,
            progress=lambda _: None,
        )


def two_lists(publisher: Publisher) -> int:
    return publisher.publish(
        [{"id": "ann"}, {"id": "bob", "language": "zh"}, {"id": "idle"}], {"ann": ["A1", "A2"], "bob": ["B1"]}
    )
