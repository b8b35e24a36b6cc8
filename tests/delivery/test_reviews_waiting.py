"""The mails about relationships to review that wait: held, given up, in a period, while a night is published."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest

from delivery.enqueue import Enqueued, Period, beginning_of, enqueue_reviews
from delivery.mailing import CHURN_LISTS, REVIEWS
from delivery.outbox import Outbox
from delivery.published_reviews import PublishedReviews
from tests.delivery.conftest import NOW, FaultyServer, Publisher
from tests.delivery.reviewing import enqueue, mail_reviews, text_of, two_to_review, with_reviews
from warehouse.company import Company
from warehouse.database import Role, Warehouse

TOMORROW = date(2026, 4, 1)


@pytest.fixture
def company(company: Company) -> Company:
    """The company with a source through which reviews come back."""
    return with_reviews(company)


def test_a_stale_source_holds_them_until_a_person_decides(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_to_review(publisher, stale={"erp": date(2026, 3, 29)})
    report = mail_reviews(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.held) == (0, 2)
    assert report.lines()[1].startswith(f"2 review lists of generation {gen} held, no mail sent: source erp")
    outbox = Outbox(mailer, gen=gen, now=NOW, kind=REVIEWS.kind)
    assert Outbox(mailer, gen=gen, now=NOW, kind=CHURN_LISTS.kind).release_held() == 0
    assert outbox.release_held() == 2
    assert mail_reviews(mailer, company, faulty_server.url, gen).sent == 2
    assert "source erp are as of 2026-03-29" in text_of(faulty_server.kept["ann@example.test"][0])


def test_held_ones_can_be_dropped_and_a_newer_night_that_is_whole_sends_its_own(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_to_review(publisher, stale={"erp": None})
    mail_reviews(mailer, company, faulty_server.url, gen)
    assert Outbox(mailer, gen=gen, now=NOW, kind=REVIEWS.kind).drop_held() == 2
    assert mail_reviews(mailer, company, faulty_server.url, gen).dropped == 2
    newer = two_to_review(publisher, as_of=TOMORROW)
    assert mail_reviews(mailer, company, faulty_server.url, newer).sent_now == 2
    assert publisher.states(gen) == {"ann": "dropped", "bob": "dropped"}


def test_what_waits_is_given_up_when_a_newer_night_goes_live_and_that_night_has_its_own(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = two_to_review(publisher)
    assert enqueue(mailer, company, gen) == Enqueued(2, 0)
    newer = two_to_review(publisher, as_of=TOMORROW)
    assert publisher.states(gen) == {"ann": "expired", "bob": "expired"}
    assert mail_reviews(mailer, company, faulty_server.url, newer).sent == 2


def test_a_publication_that_is_under_way_is_waited_for_and_nothing_is_written_for_the_night_before(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, warehouse: Warehouse
) -> None:
    gen = two_to_review(publisher)
    reviews = PublishedReviews.live(mailer, gen=gen, company=company)
    found: list[Enqueued] = []

    def write() -> None:
        found.append(enqueue_reviews(reviews, now=NOW, every="week"))

    with warehouse.connect_admin() as publishing:
        publishing.execute("update ops.published set gen = gen")
        writer = threading.Thread(target=write)
        writer.start()
        waiting = "select exists (select 1 from pg_stat_activity where wait_event_type = 'Lock' and usename = %s)"
        for _ in range(200):
            if publishing.execute(waiting, (Role.MAILER.value,)).fetchone() == (True,):
                break
            threading.Event().wait(0.05)
        else:
            raise AssertionError("it does not wait")
        publishing.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, state) values (%s, 'newer', %s, 'UTC', 'published')",
            (gen + 1, TOMORROW),
        )
        publishing.execute("update ops.published set gen = %s", (gen + 1,))
    writer.join(30)
    assert found == [Enqueued(0, 0)]
    assert publisher.states(gen) == {}


@pytest.mark.parametrize(
    ("period", "begins"),
    [("day", "2026-04-01T00:00+02:00"), ("week", "2026-03-30T00:00+02:00"), ("month", "2026-04-01T00:00+02:00")],
)
def test_a_period_begins_at_midnight_where_the_company_is(period: Period, begins: str) -> None:
    moment = datetime(2026, 4, 1, 4, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    assert beginning_of(period, moment) == datetime.fromisoformat(begins)


def test_a_week_across_the_change_of_the_clocks_begins_at_its_own_midnight() -> None:
    moment = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert beginning_of("week", moment) == datetime.fromisoformat("2026-03-23T00:00+01:00")
