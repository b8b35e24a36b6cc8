"""Patience with a server that fails: how long, how often, and what is told when it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from sources.api.address import AddressRule
from sources.api.http import AgainError, Answer, Http, Patience, RefusedCredentialError, refuse_passing, retry_after
from sources.errors import SourceUnreachableError
from tests.servers.framework import Fault, FaultKind, Reply, Request, Script, serving
from warehouse.errors import Problem

SECRET = "canary-51c8"


class Desk:
    """A server whose answer a test sets, and an Http whose waits it sees."""

    def __init__(self) -> None:
        self.reply: Callable[[Request], Reply] = lambda _: Reply({"amount": 1.10})
        self.waits: list[float] = []
        self.url = ""
        self.script = Script()

    def http(self, **patience: float) -> Http:
        rule = AddressRule(allows_private=True)
        return Http("source crm", rule, Patience(**patience), sleep=self.waits.append)  # type: ignore[arg-type]

    def get(self, **patience: float) -> object:
        return self.http(**patience).send("GET", f"{self.url}/things", body, params={"key": SECRET})

    def serve(self, request: Request) -> Reply:
        return self.reply(request)


def body(answer: Answer) -> object:
    refuse_passing(answer)
    if answer.status == 401:
        raise RefusedCredentialError("HTTP 401")
    return answer.json()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with serving(desk.serve, desk.script) as running:
        desk.url = running.url
        yield desk


@pytest.mark.parametrize("kind", ["too_many_requests", "server_error", "cut_body", "no_json", "dropped"])
def test_what_passes_is_tried_again(desk: Desk, kind: FaultKind) -> None:
    desk.script.faults += [Fault(kind), Fault(kind)]
    assert str(desk.get()) == "{'amount': Decimal('1.1')}"
    assert len(desk.script.seen) == 3
    assert len(desk.waits) == 2


@pytest.mark.parametrize("kind", ["too_many_requests", "server_error", "cut_body", "no_json", "dropped"])
def test_patience_ends_and_tells_neither_query_nor_body(desk: Desk, kind: FaultKind) -> None:
    desk.script.faults += [Fault(kind) for _ in range(9)]
    with pytest.raises(SourceUnreachableError) as caught:
        desk.get(attempts=4)
    assert len(desk.script.seen) == 4
    assert len(desk.waits) == 3
    assert "127.0.0.1/things" in str(caught.value)
    texts = [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
    assert [text for text in texts if SECRET in text] == []


def test_a_server_says_in_seconds_how_long_to_wait(desk: Desk) -> None:
    desk.script.faults.append(Fault("too_many_requests", seconds=17))
    desk.get()
    assert desk.waits == [17]


@pytest.mark.parametrize(
    ("until", "seconds"), [("Tue, 31 Mar 2026 12:01:30 GMT", 90), ("Tue, 31 Mar 2026 11:59:55 GMT", 0)]
)
def test_a_server_says_by_its_own_clock_until_when_to_wait(desk: Desk, until: str, seconds: float) -> None:
    headers = {"Retry-After": until, "Date": "Tue, 31 Mar 2026 12:00:00 GMT"}
    replies = iter([Reply({}, 503, headers), Reply({"ok": True})])
    desk.reply = lambda _: next(replies)
    desk.get()
    assert desk.waits == [seconds]


@pytest.mark.parametrize("text", ["", "soon", "-3", "1.5", "Tue, 99 Mar 2026"])
def test_a_wait_that_makes_no_sense_is_none(text: str) -> None:
    assert retry_after(Answer(429, {"Retry-After": text, "Date": "Tue, 31 Mar 2026 12:00:00 GMT"}, b"")) is None


def test_waits_are_drawn_between_nothing_and_twice_the_last_most(desk: Desk) -> None:
    random.seed(7)
    drawn: list[list[float]] = []
    for _ in range(60):
        desk.waits.clear()
        desk.script.faults += [Fault("server_error") for _ in range(4)]
        desk.get(attempts=5, first_seconds=1, longest_seconds=4, budget_seconds=1000)
        drawn.append(list(desk.waits))
    for most, waits in zip([1, 2, 4, 4], zip(*drawn, strict=True), strict=True):
        assert 0 <= min(waits) < most / 4
        assert most * 3 / 4 < max(waits) <= most


def test_a_whole_extract_waits_only_so_long(desk: Desk) -> None:
    http = desk.http(budget_seconds=30, attempts=9)
    desk.script.faults += [Fault("too_many_requests", seconds=20), Fault("too_many_requests", at=2, seconds=20)]
    http.send("GET", desk.url, body)
    with pytest.raises(SourceUnreachableError, match="after 20 s of waiting"):
        http.send("GET", desk.url, body)
    assert desk.waits == [20]


def test_a_wait_that_is_longer_than_the_budget_is_not_begun(desk: Desk) -> None:
    desk.script.faults.append(Fault("too_many_requests", seconds=86_400))
    with pytest.raises(SourceUnreachableError, match="asks for 86400 s"):
        desk.get()
    assert desk.waits == []


def test_what_stays_is_told_at_once(desk: Desk) -> None:
    def judge(_: Answer) -> object:
        raise Problem("it", seen="this", expected="that", next_step="so")

    with pytest.raises(Problem, match="this"):
        desk.http().send("GET", desk.url, judge)
    assert (len(desk.script.seen), desk.waits) == (1, [])


def test_a_refused_token_is_renewed_once(desk: Desk) -> None:
    desk.reply = lambda request: Reply({}, 200 if request.headers["token"] == "new" else 401)
    token = ["old"]
    desk.http().send(
        "GET", desk.url, body, headers=lambda: {"token": token[0]}, renew=lambda: token.__setitem__(0, "new")
    )
    assert (len(desk.script.seen), desk.waits) == (2, [])


def test_a_token_that_is_refused_twice_is_the_credentials_fault(desk: Desk) -> None:
    desk.reply = lambda _: Reply({}, 401)
    renewed: list[int] = []
    with pytest.raises(SourceUnreachableError, match="renew the source's credentials"):
        desk.http().send("GET", desk.url, body, renew=lambda: renewed.append(1))
    assert (len(desk.script.seen), len(renewed)) == (2, 1)


def test_a_server_may_not_send_us_elsewhere(desk: Desk) -> None:
    desk.reply = lambda _: Reply({}, 302, {"Location": "http://169.254.169.254/latest/meta-data"})
    with pytest.raises(SourceUnreachableError, match="sends us elsewhere"):
        desk.get()
    assert len(desk.script.seen) == 1


def test_numbers_come_as_they_were_written(desk: Desk) -> None:
    desk.reply = lambda _: Reply(b'{"amount": 0.10000000000000000001, "count": 12345678901234567890}')
    assert str(desk.get()) == "{'amount': Decimal('0.10000000000000000001'), 'count': 12345678901234567890}"


def test_an_answer_that_is_no_json_is_no_answer() -> None:
    with pytest.raises(AgainError, match="no JSON"):
        Answer(200, {}, b"<html>").json()


def test_nobody_there_is_told(desk: Desk) -> None:
    with serving(desk.serve) as gone:
        url = gone.url
    with pytest.raises(SourceUnreachableError, match="the connection broke"):
        desk.http(attempts=2).send("GET", url, body)
