from __future__ import annotations

import socket
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest

from delivery.smtp import (
    BadSmtpUrlError,
    Courier,
    Fate,
    MailServer,
    MailServerRefusedError,
    MailServerUnreachableError,
    parse_smtp_url,
)
from tests.delivery.conftest import FaultyServer
from tests.servers.certificate import write_certificate


def a_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "lists@example.test", "ann@example.test", "A list"
    message.set_content("hello")
    return message


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", MailServer("localhost", 25)),
        ("smtps://mail.test", MailServer("mail.test", 465, is_tls=True)),
        ("smtp://127.0.0.1:8025", MailServer("127.0.0.1", 8025)),
        (
            "smtp://a%40b:p%2Fw%3F@mail.test:587?starttls=1&timeout=7",
            MailServer("mail.test", 587, "a@b", "p/w?", is_starttls=True, timeout_seconds=7),
        ),
        ("smtp://u:p@localhost:25", MailServer("localhost", 25, "u", "p")),
    ],
)
def test_an_address_of_a_server_is_read(url: str, server: MailServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.test", "smtp://", "mail.test:25", "smtp://mail.test:port", "smtp://mail.test/path",
        "smtp://mail.test?tls=no", "smtp://user@mail.test?starttls=1", "smtp://u:secret@mail.test:25",
        "smtp://u:secret@mail.test:99999?starttls=1", "smtps://u:secret@mail.test?timeout=soon",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(BadSmtpUrlError) as refusal:
        parse_smtp_url(url)
    assert "secret" not in str(refusal.value)


def test_a_server_is_shown_without_its_password() -> None:
    server = parse_smtp_url("smtps://user:secret@mail.test")
    assert "secret" not in str(server) + repr(server)


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(MailServerUnreachableError) as problem:
        Courier(parse_smtp_url(f"smtp://u:secret@127.0.0.1:{port}")).ready()
    assert f"127.0.0.1:{port}" in str(problem.value)
    assert "secret" not in str(problem.value)


def test_a_server_without_starttls_gets_no_mail_in_clear(faulty_server: FaultyServer) -> None:
    with pytest.raises(MailServerRefusedError, match="does not offer STARTTLS"):
        Courier(parse_smtp_url(faulty_server.url + "&starttls=1")).ready()


def test_a_server_that_speaks_no_tls_is_not_trusted(faulty_server: FaultyServer) -> None:
    with pytest.raises(MailServerUnreachableError):
        Courier(parse_smtp_url(f"smtps://127.0.0.1:{faulty_server.port}?timeout=2")).ready()


def test_a_server_without_logins_is_not_used_without_one(faulty_server: FaultyServer) -> None:
    with pytest.raises(MailServerRefusedError, match="the login"):
        Courier(parse_smtp_url(f"smtp://u:secret@127.0.0.1:{faulty_server.port}")).ready()


@pytest.mark.parametrize(
    ("deed", "fate"),
    [
        ("ok", Fate.ACCEPTED),
        ("451", Fate.REFUSED_FOR_NOW),
        ("550", Fate.REFUSED),
        ("drop before", Fate.UNKNOWN),
        ("drop after", Fate.UNKNOWN),
        ("hang", Fate.UNKNOWN),
    ],
)
def test_the_fate_of_a_mail_is_told_exactly(faulty_server: FaultyServer, deed: str, fate: Fate) -> None:
    faulty_server.policy = lambda _recipient, _number: deed
    with Courier(parse_smtp_url(f"smtp://127.0.0.1:{faulty_server.port}?timeout=1")) as courier:
        courier.ready()
        assert courier.send(a_mail()).fate is fate


def test_a_lost_session_is_opened_again(faulty_server: FaultyServer) -> None:
    faulty_server.policy = lambda _recipient, number: "drop before" if number == 0 else "ok"
    with Courier(parse_smtp_url(faulty_server.url)) as courier:
        for expected in (Fate.UNKNOWN, Fate.ACCEPTED, Fate.ACCEPTED):
            courier.ready()
            assert courier.send(a_mail()).fate is expected
    assert len(faulty_server.kept["ann@example.test"]) == 2


def test_without_a_session_a_mail_was_not_sent(faulty_server: FaultyServer) -> None:
    assert Courier(parse_smtp_url(faulty_server.url)).send(a_mail()).fate is Fate.REFUSED_FOR_NOW
    assert not faulty_server.kept


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that no public authority has signed, and its key."""
    return write_certificate(tmp_path)


@pytest.mark.parametrize("way", ["smtps://localhost:{port}", "smtp://localhost:{port}?starttls=1"])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_tls_is_used_and_an_unknown_certificate_refused(
    faulty_server: FaultyServer,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    is_trusted: bool,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with faulty_server.listening(context=context, is_starttls="starttls" in way) as port:
        courier = Courier(parse_smtp_url(way.format(port=port)))
        if not is_trusted:
            with pytest.raises(MailServerRefusedError, match="certificate is not valid"):
                courier.ready()
            return
        with courier:
            courier.ready()
            assert courier.send(a_mail()).fate is Fate.ACCEPTED
    assert len(faulty_server.kept["ann@example.test"]) == 1
