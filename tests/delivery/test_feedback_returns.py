"""What was refused goes back to the manager who sent it, in their language, once, and to nobody else."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import psycopg
import pytest

from delivery.feedback.intake import Intake
from delivery.feedback.ledger import read_people
from delivery.feedback.reply import read_reply
from delivery.feedback.returns import ReturnReport, Sender
from delivery.phrases import phrases_in
from delivery.smtp import Courier, MailServerUnreachableError, parse_smtp_url
from tests.delivery.answering import OUTCOMES, Tray, a_document, code, take_in
from tests.delivery.conftest import NOW, FaultyServer, Policy, Publisher
from warehouse.company import Company
from warehouse.embedded import free_port

A1, B1 = code("ann", "A1"), code("bob", "B1")
UNKNOWN = "GX-00000000"
PAYLOADS = (
    "<script>alert(1)</script>", "=HYPERLINK(\"http://x.test\")", "\r\nBcc: evil@example.test\r\n\r\nhello",
    "{{ 7 * 7 }} {letter} %s {0.__class__}", "\u202egnp.exe", "\x00\x07\x1b[31m", "💥" * 300, "=?utf-8?q?x?=",
)  # fmt: skip


@pytest.fixture
def gen(publisher: Publisher) -> int:
    managers: list[dict[str, Any]] = [{"id": "ann"}, {"id": "bob", "language": "zh"}, {"id": "mute", "email": "x, y@z"}]
    return publisher.publish(managers, {"ann": ["A1"], "bob": ["B1"], "mute": ["M1"]})


def send_back(mailer: psycopg.Connection, company: Company, gen: int, url: str) -> ReturnReport:
    sender = Sender(
        mailer, company=company, people=read_people(mailer, gen=gen, company=company), outcomes=OUTCOMES,
        mail_from="lists@example.test", now=NOW,
    )  # fmt: skip
    with Courier(parse_smtp_url(url), command="guanxi feedback") as post:
        return sender.send(post, progress=lambda _: None)


def refuse(mailer: psycopg.Connection, company: Company, gen: int, *rows: tuple[str, str], **changes: Any) -> Intake:
    return take_in(mailer, company, gen, Tray([a_document(*rows, **changes)]))


def states(publisher: Publisher) -> list[tuple[str, bool]]:
    found = publisher.connection.execute("select return_state, refusals is null from ops.feedback_documents order by 1")
    return found.fetchall()


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def test_refused_answers_go_back_once_with_the_reason_and_how_to_write_them(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    refuse(mailer, company, gen, (A1, "called"), (UNKNOWN, "lost"), (B1, "lost"), reply_to="<7@example.test>")
    for number in range(2):
        report = send_back(mailer, company, gen, faulty_server.url)
        assert report.lines() == (
            [] if number else ["feedback: 1 mails with refused answers went back to their senders"]
        )
    assert list(faulty_server.kept) == ["ann@example.test"]
    (mail,) = faulty_server.kept["ann@example.test"]
    assert mail["Subject"] == "2 of your answers were not taken"
    assert (mail["In-Reply-To"], mail["References"]) == ("<7@example.test>", "<7@example.test>")
    assert mail["Auto-Submitted"] == "auto-replied"
    text = text_of(mail)
    assert f"Line 2: {UNKNOWN} lost\n   There is no row with this code." in text
    assert f"Line 3: {B1} lost\n   This row is not on one of your lists." in text
    assert f"{A1} called" not in text
    assert "B1" not in text.replace(B1, ""), "nothing is told of whose it is"
    assert states(publisher) == [("sent", True)]
    back = read_reply(mail.as_bytes())
    assert back.ignored == "a program sent it", "two Guanxis never answer one another"


def test_the_mail_is_in_the_managers_language_and_names_every_outcome(
    mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    refuse(mailer, company, gen, (B1, "随便"), sender="bob@example.test")
    send_back(mailer, company, gen, faulty_server.url)
    (mail,) = faulty_server.kept["bob@example.test"]
    text = text_of(mail)
    assert mail["Subject"] == "您的 1 条反馈未被接收"
    assert f"第 1 行：{B1} 随便\n   结果不在下列词语之中。" in text
    assert "本次没有接收任何内容。" in text
    assert all(each.name_zh in text for each in OUTCOMES.every)
    example = next(line for line in text.splitlines() if "GX-1A2B3C4D 暂缓" in line)
    outcome, rest = OUTCOMES.begin(example.strip().removeprefix("GX-1A2B3C4D"))
    assert outcome is not None
    assert (outcome.code, rest) == ("snooze", "14 天"), "what the mail advises is understood"


def test_what_a_manager_wrote_comes_back_as_plain_words_on_one_line(
    mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    for number, payload in enumerate(PAYLOADS):
        refuse(mailer, company, gen, (UNKNOWN, payload), label=f"the file {payload}", channel="sheet", sender=None,
               manager_id="ann", reference=f"sheet {number}")  # fmt: skip
        send_back(mailer, company, gen, faulty_server.url)
        mail = faulty_server.kept["ann@example.test"][number]
        assert mail["Bcc"] is None
        assert mail.get_content_type() == "text/plain"
        (line,) = [line for line in text_of(mail).splitlines() if line.startswith("Row 1: ")]
        assert len(line) < 300
        assert not [each for each in line if not each.isprintable()], payload
        if "letter" in payload:
            assert payload in line, "nothing is put in where braces stand"
    assert faulty_server.tries == {"ann@example.test": len(PAYLOADS)}


def test_what_cannot_be_read_at_all_is_answered_too(
    mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    refuse(mailer, company, gen, problem="no_answer")
    send_back(mailer, company, gen, faulty_server.url)
    (mail,) = faulty_server.kept["ann@example.test"]
    assert mail["Subject"] == "Your answer could not be read"
    assert "No line begins with the code of a row" in text_of(mail)


def test_answers_of_the_crm_go_back_in_one_mail(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    for number in range(3):
        refuse(mailer, company, gen, (A1, f"hello {number}"), channel="crm", sender=None, manager_id="ann",
               reference=f"crm {number}")  # fmt: skip
    send_back(mailer, company, gen, faulty_server.url)
    (mail,) = faulty_server.kept["ann@example.test"]
    assert mail["Subject"] == "3 of your answers were not taken"
    assert states(publisher) == [("sent", True)] * 3


def test_a_manager_without_an_address_is_named(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    refuse(mailer, company, gen, (UNKNOWN, "called"), sender=None, manager_id="mute", channel="sheet")
    report = send_back(mailer, company, gen, faulty_server.url)
    assert report.lines() == ["feedback: the refused answers of mute cannot be mailed; tell these managers"]
    assert not faulty_server.tries
    assert states(publisher) == [("failed", True)]


def always(deed: str) -> Policy:
    return lambda _recipient, _number: deed


DEEDS = [
    ("451", "pending", "wait"), ("550", "failed", "cannot be mailed"), ("drop before", "unknown", "nobody knows"),
    ("drop after", "unknown", "nobody knows"),
]  # fmt: skip


def test_a_mail_that_does_not_arrive_for_sure_is_told_and_never_sent_twice(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    for number, (deed, state, told) in enumerate(DEEDS):
        faulty_server.kept.clear()
        refuse(mailer, company, gen, (UNKNOWN, "called"), reference=f"mail {number}")
        faulty_server.policy = always(deed)
        assert told in send_back(mailer, company, gen, faulty_server.url).lines()[0]
        query = "select return_state, refusals is null from ops.feedback_documents where reference = %s"
        found = publisher.connection.execute(query, (f"mail {number}",)).fetchone()
        assert found == (state, state != "pending")
        publisher.connection.commit()
        faulty_server.policy = always("ok")
        send_back(mailer, company, gen, faulty_server.url)
        assert len(faulty_server.kept["ann@example.test"]) == (deed in {"451", "drop after"})


def test_a_dead_sender_leaves_a_mail_unknown_and_a_dead_server_leaves_it_waiting(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, faulty_server: FaultyServer, gen: int
) -> None:
    refuse(mailer, company, gen, (UNKNOWN, "called"))
    with pytest.raises(MailServerUnreachableError):
        send_back(mailer, company, gen, f"smtp://127.0.0.1:{free_port()}")
    assert states(publisher) == [("pending", False)]
    publisher.connection.execute("update ops.feedback_documents set return_state = 'sending'")
    publisher.connection.commit()
    assert send_back(mailer, company, gen, faulty_server.url).unknown == ["ann"]
    assert states(publisher) == [("unknown", True)]
    assert not faulty_server.tries


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    english, chinese = phrases_in("en", "feedback"), phrases_in("zh", "feedback")
    codes = {name for name in english.sentences if name.startswith("reason_")}
    assert codes == {name for name in chinese.sentences if name.startswith("reason_")}
    judged = {
        "no_code", "twice", "unknown_code", "foreign_code", "ambiguous_code", "empty", "unknown_outcome", "unclear_day",
        "day_past", "day_too_far", "no_answer", "no_sheet", "no_columns", "too_large",
    }  # fmt: skip
    assert codes == {f"reason_{name}" for name in judged}
