from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

import psycopg
import pytest

from delivery.mailing import CHURN_LISTS
from delivery.outbox import Outbox, State
from tests.delivery.conftest import NOW, Publisher
from warehouse.database import Role, Warehouse


@pytest.fixture
def mailer(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with warehouse.connect(Role.MAILER) as connection:
        yield connection


def test_a_published_list_has_one_waiting_mail_with_the_managers_address(publisher: Publisher) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1", "A2"], "desk": ["D1"]}, owners={"D1": None})
    rows = publisher.connection.execute(
        "select account_manager_id, kind, recipient, state, attempts from ops.outbox where gen = %s order by 1", (gen,)
    ).fetchall()
    assert rows == [
        ("ann", "churn_list", "ann@example.test", "pending", 0),
        ("desk", "churn_list", None, "pending", 0),
    ]


def test_a_repeated_publication_adds_no_mail(publisher: Publisher) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    before = publisher.connection.execute("select * from ops.outbox").fetchall()
    row = publisher.connection.execute("select ops.enqueue_mails(%s)", (gen,)).fetchone()
    assert row == (0,)
    assert publisher.connection.execute("select * from ops.outbox").fetchall() == before


def test_a_row_is_taken_by_one_process_only(publisher: Publisher, warehouse: Warehouse) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})

    def take(_: int) -> bool:
        with warehouse.connect(Role.MAILER) as connection:
            outbox = Outbox(connection, gen=gen, now=NOW, kind=CHURN_LISTS.kind)
            ticket = outbox.take("ann")
            if ticket is None:
                return False
            outbox.begin(ticket, recipient="ann@example.test", body_sha256="x")
            outbox.settle(ticket, State.SENT)
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == 1
    row = publisher.connection.execute("select state, attempts from ops.outbox").fetchone()
    assert row == ("sent", 1)


def test_a_busy_sender_is_not_taken_for_a_dead_one(publisher: Publisher, warehouse: Warehouse) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    with warehouse.connect(Role.MAILER) as busy, warehouse.connect(Role.MAILER) as other:
        outbox = Outbox(busy, gen=gen, now=NOW, kind=CHURN_LISTS.kind)
        ticket = outbox.take("ann")
        assert ticket is not None
        outbox.begin(ticket, recipient="ann@example.test", body_sha256="x")
        assert Outbox(other, gen=gen, now=NOW, kind=CHURN_LISTS.kind).recover() == 0
        assert publisher.states(gen) == {"ann": "sending"}
        outbox.settle(ticket, State.SENT)
    assert publisher.states(gen) == {"ann": "sent"}


def test_a_dead_sender_is_found_once_its_session_ended(publisher: Publisher, warehouse: Warehouse) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    with warehouse.connect(Role.MAILER) as dying:
        outbox = Outbox(dying, gen=gen, now=NOW, kind=CHURN_LISTS.kind)
        ticket = outbox.take("ann")
        assert ticket is not None
        outbox.begin(ticket, recipient="ann@example.test", body_sha256="x")
    with warehouse.connect(Role.MAILER) as other:
        assert Outbox(other, gen=gen, now=NOW, kind=CHURN_LISTS.kind).recover() == 1
        assert Outbox(other, gen=gen, now=NOW, kind=CHURN_LISTS.kind).recover() == 0
    assert publisher.states(gen) == {"ann": "unknown"}


def test_an_unanswered_mail_that_is_too_late_stays_unknown(publisher: Publisher, mailer: psycopg.Connection) -> None:
    gen = publisher.publish([{"id": "ann"}, {"id": "bob"}], {"ann": ["A1"], "bob": ["B1"]})
    publisher.connection.execute("update ops.outbox set state = 'unknown', unknown_count = 1 where recipient like 'a%'")
    publisher.connection.commit()
    outbox = Outbox(mailer, gen=gen, now=NOW + timedelta(days=9), kind=CHURN_LISTS.kind)
    assert outbox.waiting() == ["ann", "bob"]
    assert outbox.expire() == 1
    assert outbox.waiting() == []
    assert publisher.states(gen) == {"ann": "unknown", "bob": "expired"}


def test_the_mailer_may_read_and_settle_mails_and_no_more(publisher: Publisher, mailer: psycopg.Connection) -> None:
    publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    for statement in (
        "insert into ops.outbox (gen, account_manager_id, kind, message_id, not_after) values (1, '', '', '', now())",
        "delete from ops.outbox",
        "update ops.outbox set message_id = 'x'",
        "update ops.outbox set not_after = now()",
        "select ops.enqueue_mails(1)",
        "update pub.fct_churn_lists set account_manager_id = 'x'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            mailer.execute(statement)
        mailer.rollback()


def test_the_id_of_a_mail_stays_on_its_line(publisher: Publisher) -> None:
    publisher.gen = 9999
    publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    ((message_id,),) = publisher.connection.execute("select message_id from ops.outbox").fetchall()
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = message_id
    assert message.as_bytes().startswith(f"Message-ID: {message_id}\r\n".encode())
