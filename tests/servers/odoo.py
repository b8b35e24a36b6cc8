"""An Odoo for tests: JSON-2 as 19 speaks it, JSON-RPC as 17 does, over one store."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from tests.servers.framework import Reply, Request, Script
from tests.servers.odoo_store import OdooError, OdooStore

_TRACEBACK = 'Traceback (most recent call last):\n  File "/opt/odoo/http.py", line 1957, in _transactioning\n'
_DENIED = OdooError("odoo.exceptions.AccessDenied", "Access Denied", 403)


@dataclass
class OdooServer:
    """Pass it to `serving`. `version` says which doors there are; `key` is the API key or the password."""

    store: OdooStore = field(default_factory=OdooStore)
    script: Script = field(default_factory=Script)
    version: int = 19
    database: str = "acme"
    login: str = "reader"
    key: str = "0123456789abcdef0123456789abcdef01234567"
    user: int = 2
    contexts: list[dict[str, Any]] = field(default_factory=list)
    _last_page: dict[str, list[int]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        date = {"Date": format_datetime(self.store.now, usegmt=True)}
        if request.path == "/jsonrpc":
            reply = self._jsonrpc(request.json())
        elif request.path == "/web/webclient/version_info":
            reply = self._enveloped(self._version())
        elif request.path.startswith("/json/2/") and self.version >= 19:
            reply = self._json2(request)
        else:
            reply = Reply(b"<h1>Not Found</h1>", 404, {"Content-Type": "text/html"})
        return Reply(reply.content, reply.status, dict(reply.headers) | date)

    def _version(self) -> dict[str, Any]:
        name = f"{self.version}.0"
        return {"server_version": name, "server_version_info": [self.version, 0, 0, "final", 0, ""],
                "server_serie": name, "protocol_version": 1}  # fmt: skip

    def _json2(self, request: Request) -> Reply:
        if request.headers.get("x-odoo-database", self.database) != self.database:
            return Reply(b"<h1>Not Found</h1>", 404, {"Content-Type": "text/html"})
        try:
            return Reply(self._let_in(request))
        except OdooError as error:
            body = {"name": error.name, "message": error.message, "arguments": [error.message], "context": {},
                    "debug": _TRACEBACK + request.body.decode()}  # fmt: skip
            return Reply(body, error.status)

    def _let_in(self, request: Request) -> Any:
        if request.headers.get("authorization") != f"bearer {self.key}":
            raise OdooError("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)
        _, _, _, model, method = request.path.split("/")
        if model not in self.store.models:
            raise OdooError("werkzeug.exceptions.NotFound", f"the model '{model}' does not exist", 404)
        arguments = request.json()
        ids, context = arguments.pop("ids", []), arguments.pop("context", {})
        return self._call(model, method, ids, context, arguments)

    def _jsonrpc(self, body: dict[str, Any]) -> Reply:
        parameters = body["params"]
        try:
            return self._enveloped(self._served(parameters["service"], parameters["method"], parameters["args"]))
        except OdooError as error:
            data = {"name": error.name, "debug": _TRACEBACK + json.dumps(parameters), "message": error.message,
                    "arguments": [error.message], "context": {}}  # fmt: skip
            return Reply(
                {"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": data}}
            )

    def _enveloped(self, result: Any) -> Reply:
        return Reply({"jsonrpc": "2.0", "id": 1, "result": result})

    def _served(self, service: str, method: str, arguments: list[Any]) -> Any:
        if (service, method) == ("common", "version"):
            return self._version()
        database, user, key = arguments[:3]
        if database != self.database:
            message = f'connection to server failed: FATAL:  database "{database}" does not exist\n'
            raise OdooError("psycopg2.OperationalError", message, 500)
        if service == "common":
            return self.user if (user, key) == (self.login, self.key) else False
        if (user, key) != (self.user, self.key) or self.script.take("expired_token"):
            raise _DENIED
        model, name, *rest = arguments[3:]
        if model not in self.store.models:
            raise OdooError("odoo.exceptions.UserError", f"Object {model} doesn't exist", 422)
        by_place, named = (rest, {}) if method == "execute" else (rest[0], rest[1] if len(rest) > 1 else {})
        return self._by_place(model, name, list(by_place), dict(named))

    def _by_place(self, model: str, method: str, by_place: list[Any], named: dict[str, Any]) -> Any:
        context = named.pop("context", {})
        if method == "read":
            return self._call(
                model, method, by_place.pop(0), context, dict(zip(["fields"], by_place, strict=False)) | named
            )
        names = {
            "search": ["domain", "offset", "limit", "order"],
            "search_read": ["domain", "fields", "offset", "limit", "order"],
            "search_count": ["domain"],
            "fields_get": ["allfields", "attributes"],
            "context_get": [],
        }  # fmt: skip
        return self._call(model, method, [], context, dict(zip(names.get(method, []), by_place, strict=False)) | named)

    def _call(self, model: str, method: str, ids: list[int], context: dict[str, Any], named: dict[str, Any]) -> Any:
        self.contexts.append(context)
        if self.script.take("drift"):
            self.store.rename_field("res.partner", "vat", "vat_number")
        if method == "context_get":
            return {"lang": "en_US", "tz": "Europe/Brussels"}
        if method == "fields_get":
            wanted = named.get("attributes") or ["type", "string", "relation", "selection", "manual"]
            described = {name: spec.described() for name, spec in self.store.fields(model).items()}
            return {name: {key: each[key] for key in wanted if key in each} for name, each in described.items()}
        if method == "read":
            is_classic = named.get("load", "_classic_read") == "_classic_read"
            return self.store.read(model, ids, named.get("fields") or [], is_classic=is_classic)
        unknown = set(named) - {"domain", "fields", "offset", "limit", "order"}
        if unknown:
            message = f"BaseModel.search() got an unexpected keyword argument '{unknown.pop()}'"
            raise OdooError("builtins.TypeError", message, 500)
        if method not in ("search", "search_read", "search_count"):
            raise OdooError("builtins.AttributeError", f"The method '{model}.{method}' does not exist", 404)
        found = self.store.search(model, named.get("domain") or [], context, named.get("order") or "id")
        if method == "search_count":
            return len(found) + (7 if self.script.take("changing_total") else 0)
        offset, limit = named.get("offset") or 0, named.get("limit")
        found = found[offset : offset + limit] if limit else found[offset:]
        if method == "search":
            return self._page(f"{model}/ids", found)
        found = self._page(f"{model}/rows", found)
        return self.store.read(model, found, named.get("fields") or [], is_classic=True)

    def _page(self, place: str, found: list[int]) -> list[int]:
        if self.script.take("empty_page"):
            return []
        if place in self._last_page and self.script.take("repeated_page"):
            return self._last_page[place]
        self._last_page[place] = found
        return found
