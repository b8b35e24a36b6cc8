"""A mailbox of replies: read over TLS, each mail once, and no word of the login anywhere."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from delivery.feedback.imap import (
    BadImapUrlError,
    ImapInbox,
    ImapServer,
    MailboxUnreachableError,
    parse_imap_url,
)
from tests.delivery.answering import code, kept, take_in
from tests.delivery.conftest import Publisher
from tests.delivery.test_feedback_words import a_reply
from tests.servers.imap import ImapMailbox
from warehouse.company import Company

A1 = code("ann", "A1")


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImapMailbox]:
    """Two unread replies of Ann's, one of a machine, and one that was read before."""
    box = ImapMailbox(
        {
            3: a_reply(f"{A1} called"),
            4: a_reply(f"{A1} lost", Message_ID="<4@example.test>", Auto_Submitted="auto-replied"),
            7: a_reply("GX-00000000 called", Message_ID="<7@example.test>"),
            9: a_reply(f"{A1} lost", Message_ID="<9@example.test>"),
        },
        password="a b&c",
        seen={9},
    )
    with box.listening(tmp_path) as certificate:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        yield box


def inbox(box: ImapMailbox, *, password: str = "a%20b%26c") -> ImapInbox:
    return ImapInbox(parse_imap_url(f"imaps://ann:{password}@localhost:{box.port}/Replies?timeout=5"))


def test_unread_replies_are_taken_in_once_and_marked_as_read(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, mailbox: ImapMailbox
) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    with inbox(mailbox) as place:
        trial = take_in(mailer, company, gen, place, is_trial=True)
    assert mailbox.seen == {9}, "a trial reads and marks nothing"
    with inbox(mailbox) as place:
        intake = take_in(mailer, company, gen, place)
    assert intake.lines() == trial.lines()
    assert (intake.documents, intake.taken, intake.reasons) == (3, 1, {"unknown_code": 1})
    assert intake.ignored == ["a mail of 2026-11-27: a program sent it"]
    assert mailbox.seen == set(mailbox.mails)
    assert [each["outcome_code"] for each in kept(publisher)] == ["called"]
    assert 'SELECT "Replies"' in mailbox.asked
    mailbox.seen.clear()
    with inbox(mailbox) as place:
        again = take_in(mailer, company, gen, place)
    assert (again.known, again.taken) == (3, 1), "the one that somebody had read in the mailbox was never taken in"


def test_a_mailbox_that_refuses_is_named_without_its_login(
    publisher: Publisher, mailer: psycopg.Connection, company: Company, mailbox: ImapMailbox
) -> None:
    gen = publisher.publish([{"id": "ann"}], {"ann": ["A1"]})
    for mailbox.refuses in ("LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"):
        with (
            pytest.raises(MailboxUnreachableError, match="mailbox Replies at localhost") as problem,
            inbox(mailbox) as box,
        ):
            take_in(mailer, company, gen, box)
        told = "".join(traceback.format_exception(problem.value))
        assert "a b&c" not in told, mailbox.refuses
        assert "a%20b" not in told


def test_a_wrong_password_and_a_dead_server_are_told_without_the_password(mailbox: ImapMailbox) -> None:
    with pytest.raises(MailboxUnreachableError, match="does not let us in") as problem, inbox(mailbox, password="hush"):
        pass
    assert "hush" not in str(problem.value)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        mailbox.port = taken.getsockname()[1]
    with pytest.raises(MailboxUnreachableError, match="the connection failed"), inbox(mailbox):
        pass


def test_an_unknown_certificate_is_refused(mailbox: ImapMailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailboxUnreachableError, match="certificate is not valid"), inbox(mailbox):
        pass
    assert mailbox.asked == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("imaps://u:p@mail.test", ImapServer("mail.test", 993, "u", "p")),
        ("imaps://u:p@mail.test/Lists/Answers", ImapServer("mail.test", 993, "u", "p", "Lists/Answers")),
        (
            "imap://a%40b:p%2Fw@mail.test:1143?starttls=1&timeout=3",
            ImapServer("mail.test", 1143, "a@b", "p/w", is_starttls=True, timeout_seconds=3),
        ),
    ],
)
def test_an_address_of_a_mailbox_is_read(url: str, server: ImapServer) -> None:
    assert parse_imap_url(url) == server
    assert "p/w" not in repr(parse_imap_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "imap://u:secret@mail.test", "imap://u:secret@localhost", "imaps://mail.test", "imaps://u@mail.test",
        "http://u:secret@mail.test", "imaps://u:secret@mail.test:port", "imaps://u:secret@mail.test?tls=no",
        "imaps://u:secret@mail.test/IN%22BOX", "imaps://u:secret@mail.test/A%0D%0AB", "imaps://:secret@",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(BadImapUrlError) as refusal:
        parse_imap_url(url)
    assert "secret" not in str(refusal.value)
