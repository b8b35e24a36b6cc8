"""Requests to a real server on this machine: what is asked anew before each try, and what the server's clock says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sources.api.address import AddressRule
from sources.api.http import Answer, Http, refuse_passing
from sources.api.pace import Pace
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
