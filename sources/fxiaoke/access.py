"""In whose name a request is sent: the application's token, shared by all processes, and the acting person."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import SecretStr

from sources.api.http import Answer, Http
from sources.api.pace import Pace
from sources.api.tokens import SharedToken, Token, TokenUse, fingerprint, token_of_answer
from sources.credentials import shown
from sources.errors import SourceUnreachableError
from sources.fxiaoke.codes import answered
from sources.fxiaoke.settings import FxiaokeCredentials, FxiaokeSettings

_TOKEN_PATH = {"corp": "/cgi/corpAccessToken/get/V2", "oauth2": "/oauth2.0/token"}
_PERSON_PATH = "/cgi/user/getByMobile"
_LIFE_SECONDS = 7200
# Up to 6,600 seconds the system gives the same token, and then, for ten minutes, the old and the new one both hold.
_EARLY_SECONDS = 300


def trace_id() -> dict[str, str]:
    """Return the parameter that each call must carry, another one each time."""
    return {"thirdTraceId": str(uuid.uuid4())}


@dataclass(slots=True)
class Access:
    """The token and the person of one source. May be shared by threads."""

    source: str
    settings: FxiaokeSettings
    credentials: FxiaokeCredentials
    http: Http
    folder: Path
    shared: SharedToken = field(init=False)
    _pace: Pace = field(init=False)
    _person: SecretStr | None = field(init=False, default=None)
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        of = self.credentials
        parts = (of.app_id, of.app_secret, of.permanent_code, self.settings.token_style, self.settings.base)
        mark = fingerprint(*parts)
        self.shared = SharedToken(self.folder, self.source, mark, self._ask, early_seconds=_EARLY_SECONDS)
        # Ten a minute and never two at once: the file's lock sees to the second, whichever process asks.
        self._pace = Pace(10, 61, sleep=self.http.sleep)

    def ticket(self, *, with_person: bool = True) -> Ticket:
        """Return what one request shows, with the person in whose name it reads."""
        return Ticket(self, TokenUse(self.shared), self.person() if with_person else None)

    def person(self) -> SecretStr:
        """Return the id of the person to read as, looked up once when only the mobile number is known."""
        with self._lock:
            if self._person is None:
                self._person = self.credentials.open_user_id or self._looked_up()
            return self._person

    def _looked_up(self) -> SecretStr:
        mobile = self.credentials.mobile
        ticket = self.ticket(with_person=False)
        found = self.http.send(
            "POST",
            self.settings.base + _PERSON_PATH,
            lambda answer: answered(answer, thing=f"source {self.source}, person"),
            params=trace_id,
            json=ticket.body({"mobile": shown(mobile) if mobile else ""}),
            headers=ticket.headers,
            renew=ticket.use.renew,
        )
        people = [each.get("openUserId") for each in found.get("empList") or () if isinstance(each, dict)]
        if not people or not people[0]:
            raise SourceUnreachableError(
                f"source {self.source}, person",
                seen="nobody has the mobile number of the credentials",
                expected="the number of a CRM administrator who is active",
                next_step="correct `mobile` in the source's credentials, or give open_user_id instead",
            )
        return SecretStr(str(people[0]))

    def _ask(self) -> Token:
        of = self.credentials
        asked = {
            "appId": shown(of.app_id), "appSecret": shown(of.app_secret), "permanentCode": shown(of.permanent_code),
        }  # fmt: skip
        if not self.settings.shows_token_in_body:
            asked["grantType"] = "app_secret"
        token: Token = self.http.send(
            "POST",
            self.settings.base + _TOKEN_PATH[self.settings.token_style],
            self._token_of,
            params=trace_id,
            json=asked,
            pace=self._pace,
        )
        return token

    def _token_of(self, answer: Answer) -> Token:
        thing = f"source {self.source}, token"
        told = answered(answer, thing=thing, for_token=True)
        secret, tenant = ("corpAccessToken", "corpId") if self.settings.shows_token_in_body else ("accessToken", "ea")
        try:
            lasts = min(float(told.get("expiresIn") or _LIFE_SECONDS), _LIFE_SECONDS)
            return token_of_answer(
                str(told[secret]), answered_at=answer.answered_at, seconds=lasts, beside={"tenant": str(told[tenant])}
            )
        except (KeyError, ValueError):
            raise SourceUnreachableError(
                thing,
                seen="an answer without a token",
                expected=f"{secret}, {tenant} and expiresIn",
                next_step="try the other `token_style` in the source's settings",
            ) from None


@dataclass(slots=True)
class Ticket:
    """What one request shows of us; asked anew before each try, as the token may have been renewed."""

    access: Access
    use: TokenUse
    person: SecretStr | None

    def body(self, asked: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
        """Return a function that gives the body: what is asked, and in style `corp` who asks."""
        person = shown(self.person) if self.person else None
        if not self.access.settings.shows_token_in_body:
            # people are known by their number in the CRM there, unless we ask for the ids of the older style
            converted = {"convertUserId": True} if person and person.startswith("FSUID_") else {}
            return lambda: {**converted, **asked}

        def with_token() -> Mapping[str, Any]:
            token = self.use.take()
            who = {"currentOpenUserId": person} if person else {}
            return {"corpAccessToken": shown(token.secret), "corpId": token.beside["tenant"], **who, **asked}

        return with_token

    def headers(self) -> Mapping[str, str]:
        """Return the headers: in style `oauth2` who asks."""
        if self.access.settings.shows_token_in_body:
            return {}
        token = self.use.take()
        who = {"x-fs-userid": shown(self.person)} if self.person else {}
        return {"authorization": f"Bearer {shown(token.secret)}", "x-fs-ea": token.beside["tenant"], **who}
