"""Requests to a real server on this machine: what is asked anew before each try, what is kept, what is given up."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sources.api.address import AddressRule
from sources.api.http import Answer, Http, refuse_passing, retry_after
from sources.api.pace import Pace
from sources.errors import SourceUnreachableError
from tests.servers.framework import Fault, Reply, Request, RunningServer, Script, serving

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def http() -> Iterator[Http]:
    """Asks this machine, and never sleeps."""
    http = Http("source crm", AddressRule(allows_private=True), sleep=lambda _: None)
    yield http
    http.close()


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Answers with what it was asked; its clock stands at noon."""

    def echo(request: Request) -> Reply:
        asked = {"query": request.query, "body": request.json() if request.body else None}
        return Reply(asked, headers={"Date": "Tue, 31 Mar 2026 12:00:00 GMT"})

    with serving(echo, Script()) as running:
        yield running


def whole(answer: Answer) -> Answer:
    refuse_passing(answer)
    return answer


def test_parameters_and_body_are_asked_for_before_each_try(http: Http, server: RunningServer) -> None:
    server.script.faults += [Fault("server_error"), Fault("dropped", at=1)]
    tries: list[int] = []

    def number() -> dict[str, str]:
        tries.append(len(tries) + 1)
        return {"try": str(len(tries))}

    answer = http.send("POST", server.url, whole, params=number, json=lambda: {"body": len(tries)})

    assert answer.json() == {"query": {"try": "3"}, "body": {"body": 3}}
    assert http.request_count == len(tries) == 3


def test_every_try_counts_in_the_pace(http: Http, server: RunningServer) -> None:
    server.script.faults += [Fault("too_many_requests", seconds=2), Fault("server_error", at=1)]
    waits: list[float] = []
    pace = Pace(2, 20, sleep=waits.append, now=lambda: 100)

    http.send("POST", server.url, whole, json={}, pace=pace)

    assert waits == [20], "the third try has to wait for the first to be twenty seconds old"


def test_a_server_tells_its_own_clock(http: Http, server: RunningServer) -> None:
    assert http.send("POST", server.url, whole, json={}).answered_at == NOON


def test_no_cookie_is_kept_and_no_credential_taken_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cookie would tie one request to another, and a .netrc would replace the header we send."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[Request] = []

    def note(request: Request) -> Reply:
        seen.append(request)
        return Reply({}, headers={"Set-Cookie": "session=abc; Path=/"})

    http = Http("source crm", AddressRule(allows_private=True))
    with serving(note) as running:
        for _ in range(2):
            http.send("GET", running.url, whole, headers=lambda: {"Authorization": "Zoho-oauthtoken ours"})
    http.close()
    assert [request.headers["authorization"] for request in seen] == ["Zoho-oauthtoken ours"] * 2
    assert [request.headers.get("cookie") for request in seen] == [None, None]


@pytest.mark.parametrize("token", ["canary\nX-Other: 1", "canary‑with‑dashes", "canary\r"])
def test_a_credential_that_no_header_can_hold_is_told_at_once_and_not_shown(
    http: Http, server: RunningServer, token: str
) -> None:
    with pytest.raises(SourceUnreachableError, match="cannot be sent") as raised:
        http.send("GET", server.url, whole, headers=lambda: {"Authorization": f"Bearer {token}"})
    assert "canary" not in str(raised.value)
    assert http.request_count == 1
    assert server.script.seen == []


@pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("²", None), ("soon", None), ("", None), ("-1", None)])
def test_a_wait_that_makes_no_sense_is_none(said: str, seconds: float | None) -> None:
    assert retry_after(Answer(429, {"Retry-After": said}, b"")) == seconds


def test_a_wait_until_a_moment_is_measured_by_the_servers_own_clock() -> None:
    headers = {"Retry-After": "Tue, 31 Mar 2026 12:00:30 GMT", "Date": "Tue, 31 Mar 2026 12:00:00 GMT"}
    assert retry_after(Answer(503, headers, b"")) == 30
    del headers["Date"]
    assert retry_after(Answer(503, headers, b"")) is None


def test_an_encrypted_connection_that_breaks_is_made_again_and_a_bad_certificate_is_not(
    http: Http, tmp_path: Path
) -> None:
    with listening(lambda connection: connection.sendall(b"this is no TLS at all\r\n")) as (url, count):
        with pytest.raises(SourceUnreachableError, match="the encrypted connection broke"):
            http.send("GET", url, whole)
        assert count() == 6
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with listening(lambda connection: context.wrap_socket(connection, server_side=True).close()) as (url, count):
        with pytest.raises(SourceUnreachableError, match="a certificate that does not hold"):
            http.send("GET", url, whole)
        assert count() == 1


@contextmanager
def listening(greet: Callable[[socket.socket], None]) -> Iterator[tuple[str, Callable[[], int]]]:
    """Listen on this machine for as long as the block runs: an https address, and how many have come."""
    listener = socket.create_server(("127.0.0.1", 0))
    came = 0

    def serve() -> None:
        nonlocal came
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                came += 1
                with suppress(OSError), connection:
                    greet(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", lambda: came
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def self_signed(folder: Path) -> Path:
    """A key and a certificate that nobody has signed but itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=3650))
        .not_valid_after(NOON + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return file
