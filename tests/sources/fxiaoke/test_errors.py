"""What goes wrong is told by its code, with what to do about it, and never with a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sources.api.address import AddressRule
from sources.api.connector import Connector
from sources.api.http import Http
from sources.errors import SourceUnreachableError, UndeliveredError
from sources.fxiaoke.codes import DayIsSpentError, NotAllowedError, NothingBoughtError, RefusedRequestError
from sources.fxiaoke.connector import open_connector
from sources.mapping.mapping import DatasetOptions
from sources.mapping.reader import BadMappingError
from tests.servers.framework import Fault, Reply, RunningServer, serving
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, APP, FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import person_key
from tests.sources.fxiaoke.tenant import ACCOUNTS, COLUMNS, CREDENTIALS, connect, filled, options, small_tenant

SECRETS = (APP["appId"], APP["appSecret"], APP["permanentCode"], ADMIN_MOBILE, "token-canary", "客户0")


@pytest.fixture
def server() -> FxiaokeServer:
    return FxiaokeServer(small_tenant())


@pytest.fixture
def running(server: FxiaokeServer) -> Iterator[RunningServer]:
    with serving_fxiaoke(server) as running:
        yield running


def read(connector: Connector) -> list[str]:
    pages = connector.records(ACCOUNTS, COLUMNS, since=None, state=None)
    return [record.key for page in pages for record in page.records]


def assert_tells_nothing(*texts: object) -> None:
    told = " ".join(f"{text} {text!r}" for text in texts)
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize(
    ("code", "kind", "next_step"),
    [
        (30002, DayIsSpentError, "0:00"),
        (30003, NothingBoughtError, "order an Open API pack"),
        (15003, NotAllowedError, "administrator"),
        (20014, NotAllowedError, "administrator"),
        (20022, NotAllowedError, "authorise"),
        (20006, SourceUnreachableError, "app_secret"),
        (20012, SourceUnreachableError, "the person"),
        (20017, SourceUnreachableError, "`token_style`"),
        (10006, SourceUnreachableError, "`cloud` or `host`"),
        (15002, RefusedRequestError, "object manager"),
        (10013, RefusedRequestError, "object manager"),
        (320001400, RefusedRequestError, "errorCode and the trace"),
    ],
)
def test_a_code_that_stays_is_told_at_once(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path, code: int, kind: type[UndeliveredError],
    next_step: str,
) -> None:  # fmt: skip
    filled(server.store, 3)
    server.codes.append(("/data/query", code))
    connector = connect(running.url, tmp_path, server.store, page_size=100)
    with pytest.raises(UndeliveredError) as raised:
        read(connector)
    assert type(raised.value) is kind
    assert f"errorCode {code} (trace E-O.acme7.1000-" in raised.value.seen
    assert next_step in raised.value.next_step
    assert "words that change" not in str(raised.value), "the message is nothing to rely on"
    assert running.script.count("/data/query") == 1
    assert_tells_nothing(raised.value)


@pytest.mark.parametrize("code", [-1, -2, 50009, 14001, 30004])
def test_a_code_that_passes_is_waited_for(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path, code: int
) -> None:
    keys = filled(server.store, 3)
    server.codes += [("/data/query", code)] * 2
    began = server.store.clock
    connector = connect(running.url, tmp_path, server.store)
    assert sorted(read(connector)) == sorted(keys)
    if code == 14001:
        assert (server.store.clock - began).total_seconds() >= 40, "its twenty seconds, twice"


@pytest.mark.parametrize("code", [20016, 20005, 11014])
@pytest.mark.parametrize("style", ["corp", "oauth2"])
def test_a_token_that_is_over_is_renewed_once(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path, code: int, style: str
) -> None:
    keys = filled(server.store, 3)
    connector = connect(running.url, tmp_path, server.store, token_style=style)
    server.codes.append(("/data/query", code))
    assert sorted(read(connector)) == sorted(keys)
    assert len(server.token_calls) == 2
    server.codes += [("/data/query", code)] * 2
    with pytest.raises(SourceUnreachableError, match=f"errorCode {code}"):
        read(connector)
    assert len(server.token_calls) == 3, "a token that is refused twice is not asked for again and again"


def test_a_token_that_ends_is_replaced_without_a_refusal(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    keys = filled(server.store, 6)
    connector = connect(running.url, tmp_path, server.store, page_size=1)
    pages = connector.records(ACCOUNTS, COLUMNS, since=None, state=None)
    seen = [record.key for record in next(pages).records]
    server.store.go_on(7200)
    seen += [record.key for page in pages for record in page.records]
    assert sorted(seen) == sorted(keys)


def test_a_token_is_shared_by_all_readers_of_a_source(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    keys = filled(server.store, 30)
    readers = [connect(running.url, tmp_path, server.store, page_size=7) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(read, readers))
    assert [sorted(each) for each in found] == [sorted(keys)] * 8
    assert len(server.token_calls) == 1


def test_one_connector_may_be_read_by_several_threads(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    keys = filled(server.store, 30)
    connector = connect(running.url, tmp_path, server.store, page_size=7)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: read(connector), range(4)))
    assert [sorted(each) for each in found] == [sorted(keys)] * 4


@pytest.mark.parametrize(
    ("given", "code"),
    [({"app_secret": "wrong"}, 10006), ({"permanent_code": "wrong"}, 20015), ({"app_id": "FSAID_2"}, 11001)],
)
@pytest.mark.parametrize("style", ["corp", "oauth2"])
def test_wrong_credentials_are_told_as_such(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path, style: str, given: dict[str, str], code: int
) -> None:
    who = {**CREDENTIALS, "open_user_id": person_key(ADMIN), **given}
    connector = connect(running.url, tmp_path, server.store, credentials=who, token_style=style)
    with pytest.raises(SourceUnreachableError, match=f"errorCode {code}") as raised:
        connector.objects()
    assert "app_id, app_secret, permanent_code" in raised.value.next_step
    assert_tells_nothing(raised.value)
    (finding,) = connector.test({"accounts": ACCOUNTS})
    assert not finding.is_well
    assert f"errorCode {code}" in finding.told


def test_a_mobile_number_of_nobody_is_told_without_the_number(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    who = {**CREDENTIALS, "mobile": "13811112222"}
    connector = connect(running.url, tmp_path, server.store, credentials=who)
    with pytest.raises(SourceUnreachableError, match="nobody has the mobile number") as raised:
        connector.objects()
    assert "13811112222" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Reply({"hello": "world"}), "an answer without an errorCode"),
        (Reply({"errorCode": 0, "errorMessage": "success"}), "an answer without a token"),
        (Reply(b"<html>maintenance</html>", 200, {"Content-Type": "text/html"}), "no JSON"),
        (Reply(None, 302, {"Location": "https://elsewhere.example"}), "it sends us elsewhere"),
        (Reply({"error": "no such page"}, 404), "HTTP 404"),
        (Reply({"error": "overloaded"}, 503), "HTTP 503"),
    ],
)
def test_a_host_that_is_none_of_the_vendors_is_told(tmp_path: Path, answer: Reply, told: str) -> None:
    with serving(lambda _: answer) as running:
        connector = connect(running.url, tmp_path, small_tenant(), attempts=2)
        with pytest.raises(SourceUnreachableError, match=told) as raised:
            connector.objects()
    assert_tells_nothing(raised.value)


@pytest.mark.parametrize("data", [None, {}, {"dataList": [{"name": "no key"}]}, {"_id": "1", "name": "one record"}])
def test_an_answer_without_records_is_no_end(tmp_path: Path, data: Any) -> None:
    server = FxiaokeServer(small_tenant())

    def contract(request: Any) -> Reply:
        reply = server.answer(request)
        return Reply(reply.content | {"data": data}) if "/data/query" in request.path else reply

    with serving(contract) as running:
        connector = connect(running.url, tmp_path, server.store, attempts=3)
        with pytest.raises(SourceUnreachableError, match="an answer without records"):
            read(connector)


def test_a_page_that_never_goes_on_is_not_read_for_ever(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    filled(server.store, 30)
    running.script.faults += [Fault("repeated_page", at=at, path="/data/query") for at in range(2, 8)]
    connector = connect(running.url, tmp_path, server.store, page_size=5, attempts=4)
    with pytest.raises(SourceUnreachableError, match="does not go on behind the one before"):
        read(connector)


def test_what_is_tried_tells_what_may_be_read_and_what_not(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path
) -> None:
    filled(server.store, 3)
    server.store.records["PersonnelObj"].clear()
    connector = connect(running.url, tmp_path, server.store, daily_calls=100_000)
    datasets = {
        "accounts": ACCOUNTS,
        "people": DatasetOptions(object="PersonnelObj"),
        "sites": DatasetOptions(object="object_zzzzz__c"),
    }
    findings = {finding.what.split(",")[0]: finding for finding in connector.test(datasets)}
    assert {what: finding.is_well for what, finding in findings.items() if what.startswith("dataset")} == {
        "dataset accounts": True, "dataset people": False, "dataset sites": False,
    }  # fmt: skip
    assert findings["dataset accounts"].told.startswith("AccountObj: 3 records, newest change 2026-03-31T12:00:01.000")
    assert "sharing rule" in findings["dataset people"].next_step
    assert "did you mean object_ab12c__c" in findings["dataset sites"].told
    assert findings["limits"].told.endswith("calls of 100,000 bought for a day, at most 100 in 20 s of each interface")
    assert all(finding.is_well for what, finding in findings.items() if not what.startswith("dataset"))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cloud": "mars"}, "cloud"),
        ({"clowd": "huawei"}, "did you mean cloud"),
        ({"cloud": "huawei", "host": "open.example.com"}, "give cloud or host, not both"),
        ({"host": "https://open.example.com/cgi"}, "host"),
        ({"page_size": 1001}, "page_size"),
        ({"timezone": "Beijing"}, "time zone name"),
        ({"token_style": "basic"}, "token_style"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    given = options("x").model_copy(update={"settings": settings})
    with pytest.raises(BadMappingError, match=told):
        open_connector(given, credentials_of={}, http=Http("x", AddressRule()), tokens=tmp_path)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**CREDENTIALS}, "exactly one of mobile and open_user_id"),
        ({**CREDENTIALS, "mobile": ADMIN_MOBILE, "open_user_id": "1"}, "exactly one of mobile and open_user_id"),
        ({**CREDENTIALS, "app_secret": "", "open_user_id": "1"}, "may not be empty"),
        ({"app_id": APP["appId"], "open_user_id": "1"}, "permanent_code"),
    ],
)
def test_credentials_that_lack_something_are_told_without_the_rest(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    with pytest.raises(SourceUnreachableError, match=told) as raised:
        connect("http://127.0.0.1:1", tmp_path, small_tenant(), credentials=given)
    assert_tells_nothing(raised.value)


def test_clouds_are_known_by_name(tmp_path: Path) -> None:
    environment = {"GUANXI_SOURCE_CRM": json.dumps({**CREDENTIALS, "open_user_id": "1000"})}
    for settings, address in (
        ({}, "https://open.fxiaoke.com"),
        ({"cloud": "hong_kong"}, "https://open-ksc.sharecrm.com"),
        ({"host": "open-my.fxiaoke.com"}, "https://open-my.fxiaoke.com"),
    ):
        given = options("x").model_copy(update={"settings": settings})
        http = Http("x", AddressRule())
        connector: Any = open_connector(given, credentials_of=environment, http=http, tokens=tmp_path)
        assert connector.settings.base == address


@pytest.mark.parametrize("style", ["corp", "oauth2"])
def test_no_text_of_a_connector_shows_what_is_secret(
    server: FxiaokeServer, running: RunningServer, tmp_path: Path, style: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    filled(server.store, 3)
    who = {**CREDENTIALS, "mobile": ADMIN_MOBILE}
    connector: Any = connect(running.url, tmp_path, server.store, credentials=who, token_style=style)
    states = [page.state for page in connector.records(ACCOUNTS, COLUMNS, since=None, state=None)]
    parts = [connector, connector.calls, connector.calls.access, connector.calls.access.shared, connector.settings]
    assert_tells_nothing(*parts, *states, connector.usage(), list(connector.test({"accounts": ACCOUNTS})))
    assert_tells_nothing(caplog.text)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "tokens").iterdir()} == {0}
