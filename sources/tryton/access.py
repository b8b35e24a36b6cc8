"""In whose name a request is sent: one session of Tryton, shared by all processes, made anew when it is refused."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from sources.api.http import AgainError, Answer, Http, refuse_passing, retry_after
from sources.api.tokens import SharedToken, Token, TokenUse, fingerprint
from sources.credentials import shown
from sources.errors import SourceUnreachableError
from sources.tryton.errors import asks_for_more
from sources.tryton.settings import TrytonCredentials, TrytonSettings

# Tryton counts the refused logins of five minutes, and a login that comes too early among them.
_THROTTLED_SECONDS = 310


@dataclass(slots=True)
class Access:
    """The session of one source. May be shared by threads."""

    source: str
    settings: TrytonSettings
    credentials: TrytonCredentials
    http: Http
    folder: Path
    shared: SharedToken = field(init=False)

    def __post_init__(self) -> None:
        mark = fingerprint(self.credentials.login, self.credentials.password, self.url)
        self.shared = SharedToken(self.folder, self.source, mark, self._log_in)

    @property
    def url(self) -> str:
        """Where everything is asked."""
        return f"{self.settings.base_url}/{quote(self.settings.database, safe='')}/rpc/"

    def headers(self, use: TokenUse) -> Mapping[str, str]:
        """Return the header that shows the session, logging in when there is none yet."""
        token = use.take()
        who = f"{self.credentials.login}:{token.beside['user']}:{shown(token.secret)}"
        return {"Authorization": f"Session {base64.b64encode(who.encode()).decode()}"}

    def _log_in(self) -> Token:
        parameters = [
            self.credentials.login, {"password": shown(self.credentials.password)}, self.settings.language or "en",
        ]  # fmt: skip
        asked = {"id": 0, "method": "common.db.login", "params": parameters}
        token: Token = self.http.send("POST", self.url, self._token_of, json=asked)
        return token

    def _token_of(self, answer: Answer) -> Token:
        if answer.status == 429:  # noqa: PLR2004
            raise AgainError("HTTP 429: too many logins", after=retry_after(answer) or _THROTTLED_SECONDS)
        refuse_passing(answer)
        if answer.status in (401, 403):
            raise SourceUnreachableError(
                self.http.thing,
                seen="the login was refused",
                expected="the login of an active user with its password, in that database",
                next_step="correct the source's credentials, or `database` in its settings; Tryton makes a login wait"
                " that was refused five times",
            )
        refuse_strangers(answer, thing=self.http.thing)
        body = answer.json()
        if isinstance(body, dict) and "error" in body:
            if body["error"] and body["error"][0] == "LoginException":
                raise asks_for_more(self.http.thing)
            raise AgainError("an error of Tryton itself at the login")
        return _token(body)


def refuse_strangers(answer: Answer, *, thing: str) -> None:
    """Raise SourceUnreachableError for a status that no Tryton with this database answers."""
    if answer.status != 200:  # noqa: PLR2004
        raise SourceUnreachableError(
            thing,
            seen=f"HTTP {answer.status}",
            expected="a Tryton at that address, with that database",
            next_step="check `base_url` and `database` in the source's settings",
        )


def _token(body: Any) -> Token:
    """Return the session of an answer. It lives as long as the server likes, which says so when it is over."""
    result = body.get("result") if isinstance(body, dict) else None
    if not isinstance(result, list) or len(result) < 2:  # noqa: PLR2004
        raise AgainError("a login that was answered without a session")
    return Token(SecretStr(str(result[1])), beside={"user": str(result[0])})
