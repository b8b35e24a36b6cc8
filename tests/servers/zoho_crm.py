"""A Zoho CRM for tests: version 8 of its API over a store in memory, with its limits and its refusals."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from threading import Lock
from typing import Any

from tests.servers.framework import Reply, Request, Script
from tests.servers.zoho_export import Exports
from tests.servers.zoho_listing import Listing, RefusalError, refused
from tests.servers.zoho_store import ZohoStore, described, told

_EMPTY = 204


@dataclass(slots=True)
class ZohoLimits:
    """The published limits, which a test makes small."""

    page_rows: int = 2_000
    token_rows: int = 100_000
    query_rows: int = 2_000
    query_offset: int = 100_000
    export_rows: int = 200_000
    tokens_in_ten_minutes: int = 10
    live_tokens: int = 15
    concurrency: int = 20
    credits: int = 100_000
    downloads_a_minute: int = 10


@dataclass(slots=True)
class ZohoServer:
    """The contract: call it with a request. Its clock is the store's.

    `counts_rows`: page tokens stand for a number of rows, so that a deletion moves what follows; else for the last
    row. `api_domain` is told with tokens unless None, which is the server's own address. `scopes` are what the
    refresh token was made with.
    """

    store: ZohoStore = field(default_factory=ZohoStore)
    script: Script = field(default_factory=Script)
    limits: ZohoLimits = field(default_factory=ZohoLimits)
    client: tuple[str, str, str] = ("1000.CLIENT", "secret", "1000.refresh")
    api_domain: str | None = None
    counts_rows: bool = False
    orphan_count: int = 0
    scopes: frozenset[str] = frozenset({"coql", "bulk", "settings", "users", "org", "modules"})
    on_drift: Callable[[], None] = lambda: None
    on_page: Callable[[], None] = lambda: None
    used_credits: int = 0
    issued: deque[Any] = field(default_factory=deque)
    live: dict[str, Any] = field(default_factory=dict)
    most_at_once: int = 0
    _now_at_once: int = 0
    _listing: Listing = field(init=False)
    _exports: Exports = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._listing = Listing(self)
        self._exports = Exports(self)

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            self._now_at_once += 1
            self.most_at_once = max(self.most_at_once, self._now_at_once)
            is_crowded = self._now_at_once > self.limits.concurrency
        try:
            if is_crowded:
                reply = Reply(*_too_many())
            else:
                with self.store.lock:
                    reply = self._answer(request)
        except RefusalError as refusal:
            reply = Reply(refusal.body, refusal.status)
        finally:
            with self._lock:
                self._now_at_once -= 1
        return Reply(reply.content, reply.status, {**reply.headers, **self._headers()})

    def _headers(self) -> Mapping[str, str]:
        left = max(0, self.limits.credits - self.used_credits)
        date = {"Date": format_datetime(self.store.now, usegmt=True)}
        return date | ({"X-API-CREDITS-REMAINING": str(left)} if left * 2 <= self.limits.credits else {})

    def _answer(self, request: Request) -> Reply:
        if request.path == "/oauth/v2/token":
            return self._token(request)
        self._let_in(request)
        found = re.match(r"/crm/(bulk/)?v8/(.+)$", request.path)
        if found is None:
            raise refused(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
        parts = found[2].split("/")
        self._check_scope("bulk" if found[1] else parts[0])
        self._pay(request, found[1], parts)
        if found[1]:
            return self._exports.answer(request, parts)
        answers: dict[str, Callable[[], Reply]] = {
            "settings": lambda: self._settings(request, parts[1]),
            "org": lambda: Reply({"org": [{"time_zone": "Asia/Shanghai", "iso_code": "CNY", "company_name": "Acme"}]}),
            "users": lambda: self._users(request, parts),
            "coql": lambda: self._listing.query(request),
        }
        return answers.get(parts[0], lambda: self._listing.answer(request, parts))()

    def _token(self, request: Request) -> Reply:
        form = request.form or dict(request.query)
        if (form.get("client_id"), form.get("client_secret")) != self.client[:2]:
            return Reply({"error": "invalid_client"})
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.client[2]:
            return Reply({"error": "invalid_code"})
        while self.issued and self.store.now - self.issued[0] >= timedelta(minutes=10):
            self.issued.popleft()
        if len(self.issued) >= self.limits.tokens_in_ten_minutes:
            text = "You have made too many requests continuously. Please try again after some time."
            return Reply({"error": "Access Denied", "error_description": text, "status": "failure"}, 400)
        self.issued.append(self.store.now)
        token = f"1000.{len(self.live) + len(self.issued):032x}"
        self.live[token] = self.store.now + timedelta(hours=1)
        while len(self.live) > self.limits.live_tokens:
            del self.live[next(iter(self.live))]
        domain = self.api_domain or f"http://{request.headers['host']}"
        answer = {"access_token": token, "scope": "ZohoCRM.modules.READ", "api_domain": domain}
        return Reply(answer | {"token_type": "Bearer", "expires_in": 3600})

    def _let_in(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Zoho-oauthtoken ")
        if self.script.take("expired_token"):
            self.live.clear()
        if token not in self.live or self.live[token] <= self.store.now:
            raise refused(401, "INVALID_TOKEN", "invalid oauth token")

    def _check_scope(self, part: str) -> None:
        known = part if part in ("bulk", "coql", "settings", "users", "org") else "modules"
        if known not in self.scopes:
            raise refused(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def _pay(self, request: Request, bulk: str | None, parts: list[str]) -> None:
        price = 1
        if bulk and request.method == "POST":
            price = 50
        elif parts[-1] == "deleted":
            price = 2
        elif parts[0] == "coql":
            limit = re.search(r"limit (\d+)", str(request.json().get("select_query", "")))
            price = 1 + sum(int(limit[1]) > step for step in (200, 1000)) if limit else 1
        if self.used_credits + price > self.limits.credits:
            self.used_credits = self.limits.credits
            raise RefusalError(*reversed(_too_many()))
        self.used_credits += price

    def _settings(self, request: Request, what: str) -> Reply:
        if self.script.take("drift"):
            self.on_drift()
        if what == "modules":
            return Reply({"modules": [self._module(name) for name in self.store.modules]})
        name = request.query.get("module", "")
        if what == "related_lists":
            notes = {"api_name": "Notes", "module": {"api_name": "Notes", "id": "1"}, "id": "1"}
            history = {"api_name": "Stage_History", "module": {"api_name": "DealHistory", "id": "2"}, "id": "2"}
            return Reply({"related_lists": [notes, history] if name == "Deals" else [notes]})
        if not name:
            raise refused(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="module"
            )
        if name not in self.store.modules:
            raise refused(400, "INVALID_MODULE", "the module name given seems to be invalid", resource_path_index=0)
        return Reply({"fields": described(self.store.modules[name])})

    def _module(self, name: str) -> Mapping[str, Any]:
        module = self.store.modules[name]
        parent = {"api_name": module.parent, "id": "1"} if module.parent else {}
        kind = "subform" if module.parent else "default"
        return {
            "api_name": name, "plural_label": name.replace("_", " "), "singular_label": name, "api_supported": True,
            "convertable": module.is_convertible, "generated_type": kind, "parent_module": parent, "viewable": True,
            "id": str(abs(hash(name))), "module_name": name,
        }  # fmt: skip

    def _users(self, request: Request, parts: list[str]) -> Reply:
        if parts[-1] == "count":
            return Reply({"count": str(len(self.store.users))})
        size, page = int(request.query.get("per_page", 200)), int(request.query.get("page", 1))
        rows = self.store.users[(page - 1) * size : page * size]
        more = len(self.store.users) > page * size
        if not rows:
            return Reply(status=_EMPTY)
        return Reply({
            "users": rows, "info": {"per_page": size, "count": len(rows), "page": page, "more_records": more}
        })  # fmt: skip

    @property
    def clock(self) -> str:
        """The server's own time, as it writes it."""
        return told(self.store.now)


def _too_many() -> tuple[Mapping[str, Any], int]:
    message = "Too many requests fired in concurrent or the credits are gone"
    return {"code": "TOO_MANY_REQUESTS", "details": {}, "message": message, "status": "error"}, 429
