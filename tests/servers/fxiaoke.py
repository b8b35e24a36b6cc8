"""The Open API of 纷享销客 as its manual and its clients tell it: all POST, all HTTP 200, an errorCode in the body."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from threading import Lock
from typing import Any

from tests.servers.framework import Reply, Request, RunningServer, Script, serving
from tests.servers.fxiaoke_store import OPERATORS, Store, is_gone

APP = {"appId": "FSAID_1", "appSecret": "app-secret-canary-5d1", "permanentCode": "permanent-canary-9c2"}
CORP_ID, EA = "FSCID_7", "acme7"
ADMIN, ADMIN_MOBILE = "1000", "13800000000"
_OFFSET_LIMIT = 10_000


class CodeError(Exception):
    """What is told instead of an answer."""

    def __init__(self, code: int, message: str = "told in words that change") -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class FxiaokeServer:
    """A tenant's door. What its manual leaves open can be set: the switches below."""

    store: Store
    script: Script = field(default_factory=Script)
    most: int = 1000  # records a page of a preset object
    caps_in_silence: bool = False  # gives fewer than asked for instead of refusing
    hides_gone: bool = True  # what is in the recycle bin is found only by who asks for it
    counts_unasked: bool = True  # tells the total where nobody says whether it should
    takes_deleted: bool = True  # takes a condition on is_deleted
    custom_place: str = "result"  # where the records of a custom object are answered
    has_bought: bool = True
    day_limit: int = 100_000
    codes: deque[tuple[str, int]] = field(default_factory=deque)  # to tell once each: part of the path, code
    before_query: Callable[[int], None] = lambda _: None  # called with the number of the query that comes
    token_calls: deque[datetime] = field(default_factory=deque)
    trace_ids: list[str] = field(default_factory=list)
    query_count: int = 0
    _token: str = ""
    _token_at: datetime | None = None
    _old_token: str = ""
    _calls: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))
    _day_count: int = 0
    _last_page: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request) -> Reply:
        with self._lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        trace = {"traceId": f"E-O.{EA}.{ADMIN}-{len(self.trace_ids)}"}
        self.trace_ids.append(request.query.get("thirdTraceId", ""))
        try:
            told = {"errorCode": 0, "errorMessage": "OK", "errorDescription": "success", **self._told(request)}
        except CodeError as error:
            told = {"errorCode": error.code, "errorMessage": error.message, "errorDescription": error.message}
        return Reply(told | trace, headers={"Date": format_datetime(self.store.clock, usegmt=True)})

    def _told(self, request: Request) -> dict[str, Any]:
        body = request.json() if request.body else {}
        tellers = {
            "/cgi/corpAccessToken/get/V2": self._corp_token,
            "/oauth2.0/token": self._oauth_token,
            "/cgi/user/getByMobile": self._person,
            "/cgi/crm/v2/object/list": self._objects,
            "/cgi/crm/v2/object/describe": self._description,
            "/cgi/crm/v2/data/get": self._record,
            "/cgi/crm/v2/data/query": self._query,
            "/cgi/crm/custom/v2/data/query": self._query,
        }
        teller = tellers.get(request.path)
        if teller is None or request.method != "POST":
            raise CodeError(10006, f"the request uri=[{request.path}], apiName=[null] is not exists")
        for number, (path, code) in enumerate(self.codes):
            if path in request.path:
                del self.codes[number]
                raise CodeError(code)
        if "oken" not in request.path:
            self._let_in(request, body, with_person="getByMobile" not in request.path)
            self._count(request.path)
        return teller(request, body)

    def _let_in(self, request: Request, body: Mapping[str, Any], *, with_person: bool) -> None:
        bearer, corp = request.headers.get("authorization", ""), body.get("corpAccessToken")
        if not bearer and not corp:
            raise CodeError(20017, "corpAccessToken为必填项,不能为空")
        token = bearer.removeprefix("Bearer ") if bearer else corp
        tenant = request.headers.get("x-fs-ea") == EA if bearer else body.get("corpId") == CORP_ID
        is_over = self._token_at is None or (self.store.clock - self._token_at).total_seconds() >= 7200
        if self.script.take("expired_token"):
            self._token = self._old_token = ""
            self._token_at = None
        if not tenant or is_over or token not in {self._token, self._old_token} - {""}:
            raise CodeError(20016, "the cropId,cropAccessToken or authorization is error")
        person = request.headers.get("x-fs-userid") if bearer else body.get("currentOpenUserId")
        people = {self.store.person(number, converted=self._converts(request, body)) for number in self.store.people}
        if with_person and person not in people:
            raise CodeError(20012, "openUserId未找到")

    @staticmethod
    def _converts(request: Request, body: Mapping[str, Any]) -> bool:
        return bool(body.get("convertUserId", "authorization" not in request.headers))

    def _count(self, path: str) -> None:
        if not self.has_bought:
            raise CodeError(30003)
        if self._day_count >= self.day_limit:
            raise CodeError(30002)
        calls = self._calls[path]
        while calls and (self.store.clock - calls[0]).total_seconds() >= 20:
            calls.popleft()
        if len(calls) >= 100:
            raise CodeError(14001)
        calls.append(self.store.clock)
        self._day_count += 1

    def _corp_token(self, _: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"corpAccessToken": self._fresh_token(body), "corpId": CORP_ID, "expiresIn": self._left()}

    def _oauth_token(self, _: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("grantType") != "app_secret":
            raise CodeError(10006, "the parameter grantType is missing or illegal")
        token = self._fresh_token(body)
        return {
            "accessToken": token, "expiresIn": self._left(), "appId": APP["appId"], "ea": EA, "openUserId": CORP_ID,
        }  # fmt: skip

    def _fresh_token(self, body: Mapping[str, Any]) -> str:
        now = self.store.clock
        while self.token_calls and (now - self.token_calls[0]).total_seconds() >= 60:
            self.token_calls.popleft()
        self.token_calls.append(now)
        if len(self.token_calls) > 10:
            raise CodeError(14001)
        if body.get("appSecret") != APP["appSecret"]:
            raise CodeError(10006, "the parameter appSecret is missing or illegal")
        if body.get("permanentCode") != APP["permanentCode"]:
            raise CodeError(20015)
        if body.get("appId") != APP["appId"]:
            raise CodeError(11001)
        if self._token_at is None or (now - self._token_at).total_seconds() >= 6600:
            self._old_token, self._token_at = self._token, now
            self._token = "token-canary-" + hashlib.md5(f"{now} {len(self.trace_ids)}".encode()).hexdigest()
        return self._token

    def _left(self) -> int:
        return 7200 - int((self.store.clock - (self._token_at or self.store.clock)).total_seconds())

    def _person(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        number = self.store.mobiles.get(body.get("mobile", ""))
        people = [] if number is None else [self.store.person(number, converted=self._converts(request, body))]
        return {"empList": [{"openUserId": each, "fullName": self.store.people[number or ""]} for each in people]}

    def _objects(self, _request: Request, _body: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"objects": [
            {"describeApiName": name, "describeDisplayName": label, "defineType": "package", "isActive": True}
            for name, label in self.store.labels.items()
        ]}}  # fmt: skip

    def _description(self, _: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        name = body.get("apiName") or body.get("data", {}).get("apiName")
        if name not in self.store.descriptions:
            raise CodeError(32000)
        return {"data": {"describe": {"api_name": name, "fields": self.store.descriptions[name]}}}

    def _record(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        name, key = body["data"]["dataObjectApiName"], body["data"]["objectDataId"]
        if key not in self.store.records.get(name, {}):
            raise CodeError(32000)
        row = self.store.records[name][key]
        return {"data": self.store.shown(name, row, converted=self._converts(request, body))}

    def _query(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        self.before_query(self.query_count)
        self.query_count += 1
        asked, is_custom = body["data"], "/custom/" in request.path
        name, info = asked["dataObjectApiName"], asked["search_query_info"]
        if name not in self.store.records or is_custom != name.endswith("__c"):
            raise CodeError(32000)
        place = self.custom_place if is_custom else "data"
        # a first page has none before it that could come again
        goes_on = any(each["field_name"] == "_id" for each in info.get("filters") or [])
        if self.script.take("repeated_page") and goes_on and name in self._last_page:
            return {place: self._last_page[name]}
        limit, offset = self._bounds(info, most=100 if is_custom else self.most)
        rows = self._found(name, info)
        wants_total = asked.get("find_explicit_total_num", self.counts_unasked)
        total = len(rows) if wants_total else 0
        if self.script.take("changing_total"):
            total = max(0, total - 3)
        page = rows[offset : offset + limit]
        if self.script.take("empty_page"):
            page, total = [], 0
        wanted = info.get("fieldProjection") or []
        converted = self._converts(request, body)
        shown = [self.store.shown(name, row, converted=converted) for row in page]
        listed = [{key: each[key] for key in each if not wanted or key in {"_id", *wanted}} for each in shown]
        told = {"dataList": listed, "offset": offset, "limit": limit, "total": total}
        if listed:
            self._last_page[name] = told
        return {place: told}

    def _bounds(self, info: Mapping[str, Any], *, most: int) -> tuple[int, int]:
        limit, offset = int(info.get("limit", 20)), int(info.get("offset", 0))
        if limit > most and not self.caps_in_silence:
            raise CodeError(15002)
        limit = min(limit, most)
        if limit < 1 or offset % limit:
            raise CodeError(32000)
        if offset > _OFFSET_LIMIT:
            raise CodeError(10013, "offset out of range 10000")
        return limit, offset

    def _found(self, name: str, info: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = list(self.store.records[name].values())
        filters = info.get("filters") or []
        for each in filters:
            known = each["field_name"] == "_id" or each["field_name"] in self.store.descriptions[name]
            is_refused = each["field_name"] == "is_deleted" and not self.takes_deleted
            if (
                not known
                or is_refused
                or each["operator"] not in OPERATORS
                or not isinstance(each["field_values"], list)
            ):
                raise CodeError(32000)
            holds, values = OPERATORS[each["operator"]], [str(value) for value in each["field_values"]]
            rows = [row for row in rows if holds(row.get(each["field_name"]), values)]
        if self.hides_gone and not any(each["field_name"] in ("life_status", "is_deleted") for each in filters):
            rows = [row for row in rows if not is_gone(row)]
        for order in reversed(info.get("orders") or []):
            falls = str(order["isAsc"]).lower() == "false"
            rows.sort(key=lambda row, by=order["fieldName"]: row.get(by) or 0, reverse=falls)  # type: ignore[misc]
        return rows


@contextmanager
def serving_fxiaoke(server: FxiaokeServer) -> Iterator[RunningServer]:
    """Serve a tenant for as long as the block runs."""
    with serving(server.answer, server.script) as running:
        yield running
