"""A small HTTP server for tests: a contract answers requests, and a script of faults gets in its way.

The contract is a function from Request to Reply. Faults that any server could show (429, 5xx, slowness, a cut body)
are made here; those that only the contract can make (a repeated page, an expired token) it asks for by name.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

FaultKind = Literal[
    "too_many_requests",  # 429, with Retry-After when the fault has seconds
    "server_error",  # 503
    "slow",  # the answer comes after `seconds`
    "cut_body",  # half of the body, then the connection ends
    "no_json",  # HTTP 200 with a page of HTML
    "dropped",  # the connection ends without an answer
    # only the contract can make these
    "repeated_page",
    "empty_page",
    "changing_total",
    "expired_token",
    "expired_page_token",
    "drift",
]
CONTRACT_FAULTS = frozenset({
    "repeated_page", "empty_page", "changing_total", "expired_token", "expired_page_token", "drift",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, once: at the n-th request (from 0) whose path contains `path`."""

    kind: FaultKind
    at: int = 0
    path: str = ""
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `query` has the last value of each name; `form` is a form body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: `content` is sent as JSON unless it is bytes or None."""

    content: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.content is None:
            return b""
        if isinstance(self.content, bytes):
            return self.content
        return json.dumps(self.content, ensure_ascii=False, default=str).encode()


@dataclass(slots=True)
class Script:
    """The faults still to come, and every request so far (method and path)."""

    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    shown: list[Fault] = field(default_factory=list)
    _counts: dict[int, int] = field(default_factory=dict)
    _due: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, request: Request) -> Fault | None:
        """Return the transport fault for this request; contract faults become due and wait for `take`."""
        with self._lock:
            self.seen.append((request.method, request.path))
            found = None
            for fault in list(self.faults):
                if fault.path not in request.path:
                    continue
                count = self._counts.get(id(fault), 0)
                self._counts[id(fault)] = count + 1
                if count < fault.at:
                    continue
                if fault.kind in CONTRACT_FAULTS:
                    self.faults.remove(fault)
                    self._due.add(fault.kind)
                    self.shown.append(fault)
                elif found is None:
                    self.faults.remove(fault)
                    self.shown.append(fault)
                    found = fault
            return found

    def take(self, kind: FaultKind) -> bool:
        """Say, once, whether a fault that only the contract can show is due; a contract asks where it could show it."""
        with self._lock:
            is_due = kind in self._due
            self._due.discard(kind)
            return is_due

    def count(self, path: str) -> int:
        """Return how many requests so far had this in their path."""
        return sum(path in seen for _, seen in self.seen)


Contract = Callable[[Request], Reply]


@dataclass(slots=True)
class RunningServer:
    """A server at work. `url` has no slash at its end."""

    url: str
    script: Script


@contextlib.contextmanager
def serving(contract: Contract, script: Script | None = None) -> Iterator[RunningServer]:
    """Serve a contract on a free port of 127.0.0.1 for as long as the block runs."""
    script = script or Script()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"contract": staticmethod(contract), "script": script})
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield RunningServer(f"http://127.0.0.1:{server.server_address[1]}", script)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    contract: ClassVar[Contract]
    script: ClassVar[Script]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, and 40 ms a request is much in a property test

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        fault = self.script.due(request)
        if fault is not None and self._show_instead(fault):
            return
        reply = type(self).contract(request)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        self._send(reply, is_cut=fault is not None and fault.kind == "cut_body")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _show_instead(self, fault: Fault) -> bool:
        if fault.kind == "too_many_requests":
            after = {"Retry-After": f"{fault.seconds:.0f}"} if fault.seconds else {}
            self._send(Reply({"error": "too many requests"}, 429, after))
        elif fault.kind == "server_error":
            self._send(Reply({"error": "try later"}, 503))
        elif fault.kind == "no_json":
            self._send(Reply(b"<html>maintenance</html>", 200, {"Content-Type": "text/html"}))
        elif fault.kind == "dropped":
            self.close_connection = True
        else:
            return False
        return True

    def _send(self, reply: Reply, *, is_cut: bool = False) -> None:
        body = reply.body()
        self.send_response_only(reply.status)
        own = {"Content-Type": "application/json;charset=UTF-8", "Date": self.date_time_string()}
        headers = own | dict(reply.headers)  # a contract with a clock of its own tells its own Date
        for name, value in headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if reply.status not in (204, 304) and self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
        if is_cut:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass
