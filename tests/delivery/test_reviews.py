"""The mails about relationships to review: to whom, once, and what becomes of those that do not go out at once."""

from __future__ import annotations

import random
import socket
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import psycopg
import pytest

from delivery.deliver import ForeignRowsError
from delivery.enqueue import Enqueued, Period
from delivery.published_lists import PublishedLists
from delivery.published_reviews import PublishedReviews, review_sources
from delivery.report import UndeliveredError
from delivery.review_form import SHOWN_LIMIT
from delivery.smtp import MailServerUnreachableError
from tests.delivery.conftest import NOW, FaultyServer, Publisher
from tests.delivery.reviewing import (
    PRIORITIES,
    enqueue,
    mail_reviews,
    publish_reviews,
    text_of,
    two_to_review,
    with_reviews,
)
from tests.delivery.sending import send, two_lists
from warehouse.company import Company

TOMORROW = date(2026, 4, 1)


@pytest.fixture
def company(company: Company) -> Company:
    """The company with a source through which reviews come back."""
    return with_reviews(company)


def test_each_manager_is_told_of_their_own_accounts_once_the_most_urgent_first(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_to_review(publisher)
    report = mail_reviews(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.sent_now, report.without_list) == (2, 2, 1)
    assert report.lines()[0] == "2 review lists sent (2 in this run)"
    (ann,), (bob,) = faulty_server.kept["ann@example.test"], faulty_server.kept["bob@example.test"]
    shown = text_of(ann)
    assert shown.index("1. Account A2 (A2)") < shown.index("2. Account A1 (A1)")
    assert "since 2026-03-01" in shown
    assert "do it" in shown
    assert "B1" not in shown + text_of(ann, "html")
    assert "Enter the review in crm" in shown
    assert all(word in shown for word in ("confirmed", "changed", "escalated"))
    assert "您好" in text_of(bob)
    assert "缘由" in text_of(bob, "html")
    assert str(bob["Subject"]) == "客户关系评审 2026-03-31：1 个客户请您评审"

    again = mail_reviews(mailer, company, faulty_server.url, gen)
    assert (again.sent, again.sent_now) == (2, 0)
    assert sum(map(len, faulty_server.kept.values())) == 2


@pytest.mark.parametrize(
    ("every", "later", "mails"),
    [
        ("week", timedelta(days=1), 2),
        ("week", timedelta(days=4), 2),  # NOW is a Wednesday: Sunday
        ("week", timedelta(days=5), 4),
        ("day", timedelta(hours=1), 2),
        ("day", timedelta(days=1), 4),
        ("month", timedelta(days=29), 2),
        ("month", timedelta(days=30), 4),
    ],
)
def test_a_later_night_mails_a_manager_again_only_in_the_next_period(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer,
    every: Period, later: timedelta, mails: int,
) -> None:  # fmt: skip
    mail_reviews(mailer, company, faulty_server.url, two_to_review(publisher), every=every)
    newer = two_to_review(publisher, as_of=TOMORROW)
    mail_reviews(mailer, company, faulty_server.url, newer, now=NOW + later, every=every)
    assert sum(map(len, faulty_server.kept.values())) == mails


def test_a_failed_round_that_is_repeated_on_the_next_day_mails_those_alone_who_got_nothing(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    faulty_server.policy = lambda recipient, _: "550" if recipient.startswith("bob") else "ok"
    with pytest.raises(UndeliveredError, match="bob"):
        mail_reviews(mailer, company, faulty_server.url, two_to_review(publisher))
    faulty_server.policy = lambda _recipient, _number: "ok"
    newer = two_to_review(publisher, as_of=TOMORROW)
    assert enqueue(mailer, company, newer, now=NOW + timedelta(days=1)) == Enqueued(1, 1)
    report = mail_reviews(mailer, company, faulty_server.url, newer, now=NOW + timedelta(days=1))
    assert (report.sent, report.sent_now) == (1, 1)
    assert {who: len(mails) for who, mails in faulty_server.kept.items()} == {
        "ann@example.test": 1, "bob@example.test": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("has_desk", "owner", "gets"),
    [
        (True, "ann", "ann@example.test"),
        (True, "gone", "desk@example.test"),
        (True, "stranger", "desk@example.test"),
        (True, None, "desk@example.test"),
        (False, "gone", None),
        (False, None, None),
    ],
)
def test_an_account_without_an_active_manager_is_the_desks_or_nobodys(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer,
    owner: str | None, gets: str | None, *, has_desk: bool,
) -> None:  # fmt: skip
    if not has_desk:
        company = company.model_copy(update={"fallback_manager": None})
    managers: list[dict[str, Any]] = [{"id": "ann"}, {"id": "gone", "is_active": False}]
    gen = publish_reviews(publisher, managers, {"A1": ["stale"]}, owners={"A1": owner})
    mail_reviews(mailer, company, faulty_server.url, gen)
    assert list(faulty_server.kept) == ([gets] if gets else [])
    told = PublishedReviews.live(mailer, gen=gen, company=company).by_manager()
    assert [each.account_manager_id for each in told] == [gets.split("@")[0] if gets else None]


def test_random_ownership_never_shows_anybody_a_foreign_account(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    draw = random.Random(11)
    managers = [f"m{number}" for number in range(9)]
    entries: list[dict[str, Any]] = [
        {"id": each, "is_active": number % 4 != 0, "language": draw.choice(["en", "zh"])}
        for number, each in enumerate(managers)
    ]
    active: set[str] = {entry["id"] for entry in entries if entry["is_active"]}
    owners = {f"ACC-{number:04d}": draw.choice([*managers, "stranger", None]) for number in range(120)}
    queue = {each: draw.sample(list(PRIORITIES), draw.randint(1, 5)) for each in owners if draw.random() < 0.8}
    gen = publish_reviews(publisher, entries, queue, owners=owners)
    expected: dict[str, set[str]] = {}
    for account_id in queue:
        owner = owners[account_id]
        expected.setdefault(owner if owner is not None and owner in active else "desk", set()).add(account_id)
    report = mail_reviews(mailer, company, faulty_server.url, gen)
    assert report.sent == len(expected)
    shown: dict[str, set[str]] = {}
    for recipient, (mail,) in faulty_server.kept.items():
        (attachment,) = mail.iter_attachments()
        sheet = openpyxl.load_workbook(BytesIO(attachment.get_content())).worksheets[0]
        manager = recipient.split("@")[0]
        shown[manager] = {str(cell.value) for cell in sheet["B"][1:]}
        in_body = {each for each in owners if each in text_of(mail) + text_of(mail, "html")}
        assert in_body <= expected[manager]
        assert len(in_body) == min(len(expected[manager]), SHOWN_LIMIT)
    assert shown == expected
    assert "desk" in shown


def test_an_account_of_somebody_else_stops_every_mail(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publish_reviews(
        publisher, [{"id": "ann"}, {"id": "bob"}], {"A1": ["stale"], "B1": ["stale"]},
        owners={"A1": "ann", "B1": "bob"}, known_owners={"B1": "ann"},
    )  # fmt: skip
    with pytest.raises(ForeignRowsError, match=r"bob[\s\S]*fct_relationship_review_queue"):
        mail_reviews(mailer, company, faulty_server.url, gen)
    assert not faulty_server.kept
    assert set(publisher.states(gen).values()) == {"pending"}


def test_a_dead_mail_server_is_named_and_the_mails_wait_for_the_next_run(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_to_review(publisher)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = taken.getsockname()[1]
    with pytest.raises(MailServerUnreachableError, match="run guanxi review --mail again"):
        mail_reviews(mailer, company, f"smtp://127.0.0.1:{nowhere}", gen)
    assert publisher.states(gen) == {"ann": "pending", "bob": "pending"}
    assert mail_reviews(mailer, company, faulty_server.url, gen).sent_now == 2


def test_a_mail_whose_answer_was_lost_comes_once_more_as_a_copy_and_never_again(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publish_reviews(publisher, [{"id": "ann"}], {"A1": ["stale"]}, owners={"A1": "ann"})
    faulty_server.policy = lambda _recipient, _number: "drop after"
    with pytest.raises(UndeliveredError, match="sent twice without an answer: ann"):
        mail_reviews(mailer, company, faulty_server.url, gen)
    with pytest.raises(UndeliveredError):
        mail_reviews(mailer, company, faulty_server.url, gen)
    newer = publish_reviews(publisher, [{"id": "ann"}], {"A1": ["stale"]}, owners={"A1": "ann"}, as_of=TOMORROW)
    assert enqueue(mailer, company, newer) == Enqueued(0, 1), "it may have come"
    first, copy = faulty_server.kept["ann@example.test"]
    assert str(copy["Subject"]) == f"(copy) {first['Subject']}"
    assert first["Message-ID"] == copy["Message-ID"]
    assert str(first["Message-ID"]).startswith("<review.")


def test_the_two_kinds_of_mails_do_not_touch_each_other(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_lists(publisher)
    publisher.connection.execute(
        "insert into pub.dim_accounts (gen, account_id, account_manager_id) values (%s, 'R1', 'ann')", (gen,)
    )
    publisher.connection.execute(
        "insert into pub.fct_relationship_review_queue (gen, account_id, account_manager_id, reason_code,"
        " reason_name_en, reason_text_en, reason_priority, account_priority, account_reasons_count, arisen_date)"
        " values (%s, 'R1', 'ann', 'stale', 'Stale', 'why', 1, 1, 1, '2026-03-01')",
        (gen,),
    )
    publisher.connection.commit()
    assert enqueue(mailer, company, gen) == Enqueued(1, 0), "a churn list of the same week does not count"
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedLists).sent == 2
    assert [len(faulty_server.kept[f"{who}@example.test"]) for who in ("ann", "bob")] == [1, 1]
    assert send(mailer, company, faulty_server.url, gen, kind=PublishedReviews).sent == 1
    assert [len(faulty_server.kept[f"{who}@example.test"]) for who in ("ann", "bob")] == [2, 1]


def test_a_night_with_nothing_to_review_mails_nobody(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publish_reviews(publisher, [{"id": "ann"}], {}, owners={})
    report = mail_reviews(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.without_list, report.is_complete) == (0, 1, True)
    assert not faulty_server.tries


def test_the_mailer_reads_nothing_that_tells_of_persons(mailer: psycopg.Connection) -> None:
    for table in ("pub.fct_relationship_plans", "pub.dim_contacts", "bi_restricted.fct_relationship_plans"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            mailer.execute(f"select * from {table}".encode())
        mailer.rollback()


def test_the_sources_that_give_reviews_are_those_that_map_them(company: Company, test_company: Company) -> None:
    assert review_sources(company) == ("crm",)
    assert review_sources(test_company) == ()
