"""What people do at a Tryton while a night is away, with a client of its own; and a proxy before it that fails."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from tests.servers.framework import Reply, Request, Script
from tests.servers.tryton.server import ADMIN, ADMIN_PASSWORD, TrytonServer

_FORWARDED = ("authorization", "content-type")


class Desk:
    """An administrator who changes records through Tryton's own API."""

    def __init__(self, server: TrytonServer) -> None:
        self._url = f"{server.url}/{server.database}/rpc/"
        user, key, _ = self._post("common.db.login", [ADMIN, {"password": ADMIN_PASSWORD}, "en"], {})
        shown = base64.b64encode(f"{ADMIN}:{user}:{key}".encode()).decode()
        self._headers = {"Authorization": f"Session {shown}"}
        self._context = self._post("model.res.user.get_preferences", [True, {}], self._headers)

    def call(self, model: str, method: str, *parameters: Any) -> Any:
        return self._post(f"model.{model}.{method}", [*parameters, self._context], self._headers)

    def _post(self, method: str, parameters: list[Any], headers: dict[str, str]) -> Any:
        body = {"id": 7, "method": method, "params": parameters}
        answer = requests.post(self._url, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        told = answer.json()
        assert "error" not in told, told["error"]
        return told["result"]


@dataclass
class Proxy:
    """A contract that hands every request on, unless the script says what goes wrong before Tryton sees it or after."""

    server: TrytonServer
    script: Script = field(default_factory=Script)
    logins: int = 0
    _session: requests.Session = field(default_factory=requests.Session)
    _answers: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        method = str(json.loads(request.body)["method"]).rpartition(".")[2]
        self.logins += method == "login"
        if method != "login" and self.script.take("expired_token"):
            self.end_sessions()
        if method == "search" and self.script.take("empty_page"):
            return Reply({"id": 0, "result": []})
        if method in self._answers and self.script.take("repeated_page"):
            return Reply(self._answers[method])
        headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
        url = self.server.url + request.path
        got = self._session.request(request.method, url, data=request.body, headers=headers, timeout=60)
        if method in ("search", "search_read") and got.status_code == 200:
            self._answers[method] = got.content
        return Reply(got.content, got.status_code, {"Date": got.headers["Date"]})

    def end_sessions(self) -> None:
        """End every session, as Tryton does when they are too old."""
        with psycopg.connect(self.server.database_url) as connection:
            connection.execute(
                "delete from ir_session where create_uid = (select id from res_user where login = 'guanxi')"
            )
