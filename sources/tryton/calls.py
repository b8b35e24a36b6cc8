"""Calls of a model's methods: one address for all, typed values, and errors inside an HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from sources.api.http import AgainError, Answer, Http, RefusedCredentialError, refuse_passing
from sources.api.tokens import TokenUse
from sources.errors import SourceUnreachableError
from sources.tryton.access import Access, refuse_strangers
from sources.tryton.errors import meaning, not_offered

# of the preferences, what formats numbers on a screen
_NOT_ASKED_IN = frozenset({"locale"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method gave back, and the server's own clock then."""

    value: Any
    answered_at: datetime | None


@dataclass(slots=True)
class Calls:
    """A way to call a model's methods. Every call is one transaction of its own in Tryton. May be shared by threads."""

    http: Http
    access: Access
    _context: Mapping[str, Any] | None = None
    _lock: Lock = field(default_factory=Lock)

    def call(self, model: str, method: str, /, *parameters: Any) -> Reply:
        """Call a model's method as Tryton's own client would, archived records included. Raises Problem."""
        return self._send(model, method, [*parameters, self._asked_in()])

    def greet(self) -> None:
        """Raise SourceUnreachableError unless the credentials let us in."""
        self._asked_in()

    def _asked_in(self) -> Mapping[str, Any]:
        """Return the context of the user's preferences: without its company, prices and amounts are left empty."""
        with self._lock:
            if self._context is None:
                preferences = self._send("res.user", "get_preferences", [True, {}]).value
                if not isinstance(preferences, dict):
                    raise SourceUnreachableError(
                        self.http.thing,
                        seen="a user without preferences",
                        expected="the preferences of the user, its company among them",
                        next_step="log in to Tryton as this user once and set its company",
                    )
                language = self.access.settings.language
                kept = {key: value for key, value in preferences.items() if key not in _NOT_ASKED_IN}
                self._context = kept | ({"language": language} if language else {}) | {"active_test": False}
            return self._context

    def _send(self, model: str, method: str, parameters: list[Any]) -> Reply:
        thing = f"{self.http.thing}, model {model}"
        use = TokenUse(self.access.shared)
        refused: list[int] = []

        def judge(answer: Answer) -> Reply:
            if answer.status == 413:  # noqa: PLR2004
                raise SourceUnreachableError(
                    thing,
                    seen="HTTP 413: too many records at once",
                    expected="a server that takes ten pages of ids",
                    next_step="make `page_size` in the source's settings a tenth of the server's own limit"
                    " ([request] records_limit)",
                )
            if answer.status in (401, 403):
                refused.append(answer.status)
                if answer.status == 401 or len(refused) == 1:  # noqa: PLR2004 - of a session that is known to be good
                    raise RefusedCredentialError("the session was refused, and a new one too")
                raise not_offered(thing)
            refuse_passing(answer)
            refuse_strangers(answer, thing=self.http.thing)
            body = answer.json()
            if isinstance(body, dict) and "error" in body:
                raise meaning(body["error"], thing=self.http.thing, model=model, method=method)
            if not isinstance(body, dict) or "result" not in body:
                raise AgainError("an answer with neither result nor error")
            return Reply(body["result"], answer.answered_at)

        reply: Reply = self.http.send(
            "POST",
            self.access.url,
            judge,
            json={"id": 0, "method": f"model.{model}.{method}", "params": parameters},
            headers=lambda: self.access.headers(use),
            renew=use.renew,
        )
        return reply
