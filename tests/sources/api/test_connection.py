"""What is connected to is what was checked, whatever a name means a moment later."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sources.api.address import AddressRule
from sources.api.http import Answer, Http, Patience
from sources.errors import SourceUnreachableError
from tests.servers.certificate import write_certificate
from tests.servers.framework import Reply, Request, RunningServer, serving

PUBLIC = "93.184.215.14"


@pytest.fixture
def meanings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the name crm.example.com means, one answer after the other; the last one stays."""
    answers: list[list[str]] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "crm.example.com":
            return real(host, port, *rest, **more)
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in now]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


@pytest.fixture
def server() -> Iterator[RunningServer]:
    def told(request: Request) -> Reply:
        return Reply({"host": request.headers["host"]}, 302 if request.path == "/away" else 200,
                     {"Location": "https://169.254.169.254/latest"} if request.path == "/away" else {})  # fmt: skip

    with serving(told) as running:
        yield running


class LetsPlainIn(AddressRule):
    """A server of tests speaks http; what is connected to is checked all the same."""

    def assert_allowed(self, url: str, *, thing: str) -> None:
        pass


def _ask(url: str, *, allows_private: bool = False, is_plain_let_in: bool = False) -> Any:
    rule = (LetsPlainIn if is_plain_let_in else AddressRule)(allows_private)
    http = Http("source crm", rule, Patience(attempts=1), sleep=lambda _: None)
    try:
        return http.send("GET", url, Answer.json)
    finally:
        http.close()


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.7", "::ffff:127.0.0.1"])
def test_a_name_that_means_another_address_when_it_is_connected_to_is_refused(
    meanings: list[list[str]], inside: str
) -> None:
    meanings += [[PUBLIC], [inside]]
    with pytest.raises(SourceUnreachableError, match="which is no public address"):
        _ask("https://crm.example.com/api")
    assert meanings == [[inside]]


def test_one_inside_address_among_public_ones_refuses_the_host_and_nobody_is_asked(
    meanings: list[list[str]], server: RunningServer
) -> None:
    meanings += [[PUBLIC, "127.0.0.1"]]
    with pytest.raises(SourceUnreachableError, match=r"127\.0\.0\.1, which is no public address"):
        _ask(server.url.replace("127.0.0.1", "crm.example.com"), is_plain_let_in=True)
    assert server.script.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
def test_this_machine_is_not_connected_to_however_it_is_written(server: RunningServer, host: str) -> None:
    with pytest.raises(SourceUnreachableError, match="which is no public address"):
        _ask(server.url.replace("127.0.0.1", host), is_plain_let_in=True)
    assert server.script.seen == []


@pytest.mark.parametrize("host", ["[::1]", "169.254.169.254"])
def test_nor_are_the_other_places_inside(host: str) -> None:
    with pytest.raises(SourceUnreachableError, match="which is no public address"):
        _ask(f"http://{host}:9/", is_plain_let_in=True)


def test_a_server_that_sends_us_elsewhere_is_not_followed(server: RunningServer) -> None:
    with pytest.raises(SourceUnreachableError, match="it sends us elsewhere"):
        _ask(f"{server.url}/away", allows_private=True)


def test_the_next_address_is_tried_and_the_server_is_told_the_name(
    meanings: list[list[str]], server: RunningServer
) -> None:
    meanings += [["127.0.0.2", "127.0.0.1"]]
    url = server.url.replace("127.0.0.1", "crm.example.com")
    assert _ask(url, allows_private=True) == {"host": url.removeprefix("http://")}


def test_the_certificate_must_be_the_names_and_not_the_addresss(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, meanings: list[list[str]]
) -> None:
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    meanings += [["127.0.0.1"]]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as tls:
        tls.socket = context.wrap_socket(tls.socket, server_side=True)
        Thread(target=tls.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            assert _ask(f"https://localhost:{tls.server_port}", allows_private=True) == {}
            with pytest.raises(SourceUnreachableError, match="a certificate that does not hold"):
                _ask(f"https://crm.example.com:{tls.server_port}", allows_private=True)
        finally:
            tls.shutdown()
    assert asked_for == ["localhost", "crm.example.com"]
