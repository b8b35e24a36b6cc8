"""Lists that wait for a source which gave nothing, and mails of a generation that readers no longer see."""

from __future__ import annotations

from datetime import date, timedelta
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import openpyxl
import psycopg
import pytest

from delivery.mailing import CHURN_LISTS
from delivery.outbox import Outbox
from delivery.published import NotLiveError
from delivery.report import UndeliveredError
from tests.delivery.conftest import NOW, FaultyServer, Publisher
from tests.delivery.sending import send
from warehouse.company import Company, SourceEntry
from warehouse.database import Role, Warehouse
from warehouse.publication import rollback

MANAGERS: list[dict[str, Any]] = [{"id": "ann"}, {"id": "bob", "language": "zh"}]
LISTS = {"ann": ["A1", "A2"], "bob": ["B1"]}
STALE = {"erp": date(2026, 3, 29), "web": None}
WHY = "source erp is as of 2026-03-29; source web has never been read"


def _shown(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def _workbook_text(mail: EmailMessage) -> str:
    (attachment,) = mail.iter_attachments()
    book = openpyxl.load_workbook(BytesIO(attachment.get_content()))
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def _says_how_old(mail: EmailMessage, *sentences: str) -> bool:
    texts = [_shown(mail, "plain"), _shown(mail, "html"), _workbook_text(mail)]
    return all(sentence in text for sentence in sentences for text in texts)


ENGLISH = ("source erp are as of 2026-03-29", "nothing has come from source web yet")
CHINESE = ("数据来源 erp 的数据截至 2026-03-29", "数据来源 web 尚无数据")


def test_a_stale_source_holds_the_lists_and_the_delivery_says_so_and_ends_well(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    for _ in range(2):
        report = send(mailer, company, faulty_server.url, gen)
        assert (report.sent, report.held, report.held_because, report.is_complete) == (0, 2, WHY, True)
        assert report.lines()[1].startswith(
            f"2 lists of generation {gen} held, no mail sent: {WHY}. Next: guanxi mails"
        )
    assert not faulty_server.tries
    assert publisher.states(gen) == {"ann": "held", "bob": "held"}


def test_released_lists_are_sent_once_and_say_how_old_each_source_is(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    outbox = Outbox(mailer, gen=gen, now=NOW, kind=CHURN_LISTS.kind)
    assert outbox.why_held() == WHY
    assert (outbox.release_held(), outbox.release_held(), outbox.drop_held()) == (2, 0, 0)
    for _ in range(2):
        report = send(mailer, company, faulty_server.url, gen)
        assert (report.sent, report.held) == (2, 0)
    (ann,), (bob,) = faulty_server.kept["ann@example.test"], faulty_server.kept["bob@example.test"]
    assert _says_how_old(ann, *ENGLISH)
    assert _says_how_old(bob, *CHINESE)
    assert publisher.connection.execute("select distinct last_error from ops.outbox").fetchall() == [(None,)]


def _check_bands(connection: psycopg.Connection, gen: int, observed: str, *, is_success: bool) -> None:
    connection.execute("delete from ops.check_results where gen = %s", (gen,))
    connection.execute(
        "insert into ops.check_results (gen, attempt, stage, suite, expectation, severity, is_success, observed,"
        " expected, description_en, description_zh)"
        " values (%s, 1, 'scores', 'scores_churn_scores', 'ExpectFewBandMoves', 'warning', %s, %s, '', '', '')",
        (gen, is_success, observed),
    )


def test_scores_that_drifted_hold_the_churn_lists_alone_until_they_are_checked_again(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS)
    _check_bands(publisher.connection, gen, "27.50%", is_success=False)
    publisher.enqueue(gen)
    report = send(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.held, report.held_because) == (0, 2, "drift: 27.50 % of bands moved")
    reviews = publisher.connection.execute("select ops.why_mails_are_held(%s)", (gen,)).fetchone()
    assert reviews == (None,)
    _check_bands(publisher.connection, gen, "12.50%", is_success=True)
    publisher.enqueue(gen)
    assert send(mailer, company, faulty_server.url, gen).sent == 2


@pytest.mark.parametrize(("method", "says"), [("recency", True), ("model", False)])
def test_a_list_that_a_rule_made_in_the_models_stead_says_so(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, method: str,
    *, says: bool,
) -> None:  # fmt: skip
    gen = publisher.publish(MANAGERS, LISTS)
    publisher.connection.execute("update pub.fct_churn_lists set method_code = %s", (method,))
    publisher.connection.execute(
        "insert into pub.fct_list_checks (gen, check_code, is_kept, is_holding) values (%s, 'fell_back', false, false)",
        (gen,),
    )
    publisher.connection.commit()
    assert send(mailer, company, faulty_server.url, gen).sent == 2
    (ann,), (bob,) = faulty_server.kept["ann@example.test"], faulty_server.kept["bob@example.test"]
    assert _says_how_old(ann, "standing in tonight for the model, which could not be used") is says
    assert _says_how_old(bob, "今晚模型无法使用") is says
    assert ("no model has yet proven" in _shown(ann, "plain")) is False


def test_a_stale_source_and_drift_are_both_told(publisher: Publisher) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    _check_bands(publisher.connection, gen, "100.00%", is_success=False)
    publisher.enqueue(gen)
    told = publisher.connection.execute("select distinct state, last_error from ops.outbox").fetchall()
    assert told == [("held", f"{WHY}; drift: 100.00 % of bands moved")]


def test_dropped_lists_are_never_sent_and_told_as_dropped(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    outbox = Outbox(mailer, gen=gen, now=NOW, kind=CHURN_LISTS.kind)
    assert (outbox.drop_held(), outbox.release_held()) == (2, 0)
    report = send(mailer, company, faulty_server.url, gen)
    assert (report.sent, report.dropped, report.is_complete) == (0, 2, True)
    assert "2 held lists were dropped: nobody gets them" in report.lines()
    assert not faulty_server.tries


def test_a_stale_source_that_the_lists_can_do_without_holds_nothing_and_is_told_in_the_letter(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE, holds_mails=False)
    assert send(mailer, company, faulty_server.url, gen).sent == 2
    (ann,), (bob,) = faulty_server.kept["ann@example.test"], faulty_server.kept["bob@example.test"]
    assert _says_how_old(ann, *ENGLISH)
    assert _says_how_old(bob, *CHINESE)


def test_a_night_whose_sources_all_delivered_says_nothing_of_them(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    send(mailer, company, faulty_server.url, publisher.publish(MANAGERS, LISTS))
    (ann,) = faulty_server.kept["ann@example.test"]
    assert "source" not in _shown(ann, "plain") + _shown(ann, "html")


def test_a_later_night_with_the_source_delivered_sends_its_own_lists_and_the_held_ones_expire(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    held = publisher.publish(MANAGERS, LISTS, stale=STALE)
    new = publisher.publish(MANAGERS, LISTS, as_of=date(2026, 4, 1))
    assert publisher.states(held) == {"ann": "expired", "bob": "expired"}
    assert Outbox(mailer, gen=held, now=NOW, kind=CHURN_LISTS.kind).release_held() == 0
    assert send(mailer, company, faulty_server.url, new).sent == 2
    assert sum(faulty_server.tries.values()) == 2


def test_a_further_attempt_of_the_night_that_brings_the_source_lets_the_lists_go(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    publisher.connection.execute("update pub.dim_sources set is_stale = false")
    publisher.enqueue(gen)
    assert publisher.states(gen) == {"ann": "pending", "bob": "pending"}
    assert send(mailer, company, faulty_server.url, gen).sent == 2
    publisher.connection.execute("update pub.dim_sources set is_stale = true")
    publisher.enqueue(gen)
    assert publisher.states(gen) == {"ann": "sent", "bob": "sent"}, "what was sent stays sent"


def test_held_lists_that_are_too_late_expire_as_others_do(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer
) -> None:
    gen = publisher.publish(MANAGERS, LISTS, stale=STALE)
    late = NOW + timedelta(days=3)
    assert Outbox(mailer, gen=gen, now=late, kind=CHURN_LISTS.kind).release_held() == 0
    with pytest.raises(UndeliveredError, match="too late to be of use: ann, bob"):
        send(mailer, company, faulty_server.url, gen, now=late)
    assert publisher.states(gen) == {"ann": "expired", "bob": "expired"}


@pytest.mark.parametrize(
    ("stale", "left", "after"),
    [({}, "pending", "expired"), (STALE, "held", "expired"), ({}, "unknown", "unknown"), ({}, "sending", "unknown")],
)
def test_mails_of_a_generation_that_was_rolled_back_are_not_sent_though_it_should_come_back(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer,
    warehouse: Warehouse, stale: dict[str, date | None], left: str, after: str,
) -> None:  # fmt: skip
    old = publisher.publish(MANAGERS, LISTS)
    send(mailer, company, faulty_server.url, old)
    new = publisher.publish(MANAGERS, LISTS, as_of=date(2026, 4, 1), stale=stale)
    publisher.connection.execute(
        "update ops.outbox set state = %s, unknown_count = (%s = 'unknown')::int where gen = %s", (left, left, new)
    )
    publisher.connection.commit()
    before = sum(faulty_server.tries.values())
    with warehouse.connect(Role.PUBLISHER) as connection:
        rollback(connection, old)
        with pytest.raises(NotLiveError):
            send(mailer, company, faulty_server.url, new)
        assert send(mailer, company, faulty_server.url, old).sent_now == 0
        rollback(connection, new)
    with pytest.raises(UndeliveredError):
        send(mailer, company, faulty_server.url, new)
    assert publisher.states(new) == {"ann": after, "bob": after}
    assert publisher.states(old) == {"ann": "sent", "bob": "sent"}
    assert sum(faulty_server.tries.values()) == before


def test_a_rollback_in_the_middle_of_a_delivery_stops_it(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer,
    warehouse: Warehouse,
) -> None:  # fmt: skip
    old = publisher.publish(MANAGERS, LISTS)
    send(mailer, company, faulty_server.url, old)
    new = publisher.publish(MANAGERS, LISTS, as_of=date(2026, 4, 1))

    def roll_back_while_the_first_is_handed_in(_recipient: str, _number: int) -> str:
        with warehouse.connect(Role.PUBLISHER) as connection:
            rollback(connection, old)
        return "451"

    faulty_server.policy = roll_back_while_the_first_is_handed_in
    faulty_server.tries.clear()
    with pytest.raises(UndeliveredError, match="too late to be of use: bob"):
        send(mailer, company, faulty_server.url, new)
    assert faulty_server.tries == {"ann@example.test": 1}, "not even the one that was refused for now is tried again"


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        ({"entities": {"accounts": {}}}, True),
        ({"entities": {"account_managers": {}}}, True),
        ({"entities": {"orders": {}, "order_lines": {}}}, True),
        ({"entities": {"order_lines": {}}}, True),
        ({"entities": {"tickets": {}, "interactions": {}}}, False),
        ({"entities": {"tickets": {}}, "holds_mails": True}, True),
        ({"entities": {"orders": {}}, "holds_mails": False}, False),
        ({"entities": ["orders"]}, False),
        ({}, False),
    ],
)
def test_a_source_holds_the_lists_that_are_made_of_it_unless_its_mapping_says_otherwise(
    entry: dict[str, Any], *, holds: bool
) -> None:
    assert SourceEntry.model_validate({"name": "x", "kind": "files"} | entry).holds_mails is holds
