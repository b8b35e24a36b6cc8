"""The two ways into an Odoo: JSON-2 with an API key, JSON-RPC with a login. Both call a model's methods by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sources.api.http import AgainError, Answer, Http, Judge, RefusedCredentialError, refuse_passing
from sources.credentials import shown
from sources.errors import SourceUnreachableError
from sources.odoo.errors import Told, meaning
from sources.odoo.settings import DoorName, OdooCredentials, OdooSettings

_FIRST_JSON2 = 19
_FROM_A_PROXY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method gave back, and the server's own clock then."""

    value: Any
    answered_at: datetime | None


class Door(Protocol):
    """A way to call a model's methods. Every call is one transaction of its own in Odoo."""

    @property
    def name(self) -> DoorName:
        """Say which door it is."""
        ...

    def call(self, model: str, method: str, /, **arguments: Any) -> Reply:
        """Call a model's method with named arguments. Raises Problem."""
        ...

    def greet(self) -> None:
        """Raise SourceUnreachableError unless the credentials let us in."""
        ...


@dataclass(slots=True)
class Json2Door:
    """JSON-2: one address a method, HTTP's own status codes, an API key that cannot be renewed by us."""

    http: Http
    settings: OdooSettings
    credentials: OdooCredentials

    @property
    def name(self) -> DoorName:
        return "json2"

    def call(self, model: str, method: str, /, **arguments: Any) -> Reply:
        """Call a model's method with named arguments. Raises Problem."""

        def judge(answer: Answer) -> Reply:
            if answer.status == 200:  # noqa: PLR2004
                return Reply(answer.json(), answer.answered_at)
            told = None if answer.status in _FROM_A_PROXY else _told(answer)
            if told is None:
                raise _silent(answer, thing=self.http.thing)
            error = meaning(told, thing=self.http.thing, model=model, method=method)
            raise _refused_key(self.http.thing) if isinstance(error, RefusedCredentialError) else error

        url = f"{self.settings.base_url}/json/2/{model}/{method}"
        reply: Reply = self.http.send("POST", url, judge, json=arguments, headers=self._headers)
        return reply

    def greet(self) -> None:
        """Raise SourceUnreachableError unless the credentials let us in."""
        self.call("res.users", "context_get")

    def _headers(self) -> Mapping[str, str]:
        headers = {"Authorization": f"bearer {shown(self.credentials.api_key)}"}
        if self.settings.database:
            headers["X-Odoo-Database"] = self.settings.database
        return headers


@dataclass(slots=True)
class JsonRpcDoor:
    """JSON-RPC: one address for all, HTTP 200 for every answer, and the secret in every body."""

    http: Http
    settings: OdooSettings
    credentials: OdooCredentials
    _user: int | None = field(default=None, repr=False)

    @property
    def name(self) -> DoorName:
        return "jsonrpc"

    def call(self, model: str, method: str, /, **arguments: Any) -> Reply:
        """Call a model's method with named arguments. Raises Problem."""
        if self._user is None:
            self.greet()
        # before Odoo 17 some methods call their domain `args`: by place it is understood everywhere
        by_place: list[Any] = [arguments.pop("domain")] if "domain" in arguments else []

        def judge(answer: Answer) -> Reply:
            return _result(answer, thing=self.http.thing, model=model, method=method)

        def parameters() -> Mapping[str, Any]:
            who = [self.settings.database, self._user, shown(self.credentials.api_key)]
            return {"service": "object", "method": "execute_kw", "args": [*who, model, method, by_place, arguments]}

        return self._send(parameters, judge, renew=self.greet)

    def greet(self) -> None:
        """Raise SourceUnreachableError unless the credentials let us in."""

        def judge(answer: Answer) -> Reply:
            try:
                reply = _result(answer, thing=self.http.thing, model="res.users", method="authenticate")
            except RefusedCredentialError:
                raise _refused_login(self.http.thing) from None
            if not reply.value:
                raise _refused_login(self.http.thing)
            return reply

        def parameters() -> Mapping[str, Any]:
            who: list[Any] = [self.settings.database, self.credentials.login, shown(self.credentials.api_key)]
            return {"service": "common", "method": "authenticate", "args": [*who, {}]}

        reply = self._send(parameters, judge, renew=None)
        self._user = int(reply.value)

    def _send(
        self, parameters: Callable[[], Mapping[str, Any]], judge: Judge, *, renew: Callable[[], None] | None
    ) -> Reply:
        def body() -> Any:
            return {"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters()}

        reply: Reply = self.http.send("POST", f"{self.settings.base_url}/jsonrpc", judge, json=body, renew=renew)
        return reply


def open_door(http: Http, settings: OdooSettings, credentials: OdooCredentials) -> Door:
    """Return the door the settings name, else the one the server's version asks for. Raises Problem."""
    name = settings.door or ("json2" if _version(http, settings) >= _FIRST_JSON2 else "jsonrpc")
    if name == "json2":
        return Json2Door(http, settings, credentials)
    needed = {"database in its settings": settings.database, "login in its credentials": credentials.login}
    missing = [told for told, value in needed.items() if not value]
    if missing:
        raise SourceUnreachableError(
            http.thing,
            seen=f"no {' and no '.join(missing)}",
            expected="both: JSON-RPC, the door of Odoo 18 and earlier, logs in to a database by name",
            next_step="add what is missing, or say `door: json2` for Odoo 19 and later",
        )
    return JsonRpcDoor(http, settings, credentials)


def _version(http: Http, settings: OdooSettings) -> int:
    """Return the server's major version. JSON-RPC tells it without a login; where it is gone, the server is new."""

    def judge(answer: Answer) -> int:
        refuse_passing(answer)
        if answer.status == 404:  # noqa: PLR2004
            return _FIRST_JSON2
        body = answer.json()
        result = body.get("result") if isinstance(body, dict) else None
        info = result.get("server_version_info") if isinstance(result, dict) else None
        if not isinstance(info, list) or not info:
            raise AgainError("an answer without a version")
        # a version between two releases is written saas~19.2
        digits = str(info[0]).removeprefix("saas~").partition(".")[0]
        return int(digits) if digits.isdigit() else 0

    body = {
        "jsonrpc": "2.0",
        "method": "call",
        "id": 1,
        "params": {"service": "common", "method": "version", "args": []},
    }
    version: int = http.send("POST", f"{settings.base_url}/jsonrpc", judge, json=body)
    return version


def _told(answer: Answer) -> Told | None:
    try:
        return Told.of(answer.json())
    except AgainError:
        return None


def _silent(answer: Answer, *, thing: str) -> Exception:
    """Return what an error without Odoo's own words means. Raises AgainError for one that passes."""
    refuse_passing(answer)
    if answer.status in (401, 403):
        return _refused_key(thing)
    return SourceUnreachableError(
        thing,
        seen=f"HTTP {answer.status} that is not Odoo's",
        expected="an Odoo at that address, and for JSON-2 version 19 or later",
        next_step="check `base_url` and `database` in the source's settings; for Odoo 18 and earlier `door: jsonrpc`",
    )


def _result(answer: Answer, *, thing: str, model: str, method: str) -> Reply:
    refuse_passing(answer)
    if answer.status != 200:  # noqa: PLR2004
        raise _silent(answer, thing=thing)
    body = answer.json()
    if isinstance(body, dict) and "result" in body:
        return Reply(body["result"], answer.answered_at)
    told = Told.of(body)
    if told is None:
        raise AgainError("an answer with neither result nor error")
    raise meaning(told, thing=thing, model=model, method=method)


def _refused_key(thing: str) -> SourceUnreachableError:
    return SourceUnreachableError(
        thing,
        seen="the API key was refused",
        expected="a key that has not ended (Odoo lets keys live three months at most), of a user who is active",
        next_step="make a new key in Odoo (Preferences, Account Security) and put it into the source's credentials",
    )


def _refused_login(thing: str) -> SourceUnreachableError:
    return SourceUnreachableError(
        thing,
        seen="the login was refused",
        expected="the login of an active user with its password or API key, in that database",
        next_step="correct the source's credentials, or `database` in its settings",
    )
