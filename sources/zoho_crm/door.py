"""The way in: the shared token, the data centre's address, the credits, and so many requests at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from sources.api.http import AgainError, Answer, Http, refuse_passing
from sources.api.tokens import SharedToken, Token, TokenUse, fingerprint, token_of_answer
from sources.credentials import shown
from sources.errors import SourceUnreachableError
from sources.zoho_crm.answers import Check, SpentCreditsError, Told, read_answer
from sources.zoho_crm.settings import Addresses, ZohoCredentials, ZohoSettings

VERSION = "v8"
_THROTTLE_SECONDS = 120  # ten access tokens in ten minutes are the limit


@dataclass(slots=True)
class Door:
    """Every request to one Zoho CRM. `credits_left` is what the system told last; it tells from half of them on."""

    source: str
    settings: ZohoSettings
    credentials: ZohoCredentials
    http: Http
    addresses: Addresses
    token: SharedToken = field(init=False)
    folder: Path = Path()
    credits_used: int = 0
    credits_left: int | None = None
    _places: BoundedSemaphore = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        given = self.credentials
        known = fingerprint(given.client_id, given.client_secret, given.refresh_token, self.addresses.accounts)
        self.token = SharedToken(self.folder, self.source, known, self._new_token)
        self._places = BoundedSemaphore(self.settings.concurrency)

    @property
    def thing(self) -> str:
        return f"source {self.source}"

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        cost: int = 1,
        check: Check | None = None,
    ) -> Told:
        """Return what a path below /crm/v8 (or any that begins with /crm) tells; `cost` is its price in credits."""
        whole = path if path.startswith("/crm/") else f"/crm/{VERSION}{path}"

        def judge(answer: Answer) -> Told:
            self._note(answer, cost)
            told = read_answer(answer, thing=self.thing, path=whole)
            if check is not None:
                check(told)
            self.token.notice(told.answered_at)  # not of an error, which another clock's proxy may have written
            return told

        told: Told = self._send(method, whole, judge, params=params, json=json, headers=headers)
        return told

    def download(self, path: str, judge: Any) -> Any:
        """Return what `judge` makes of a file's answer; errors in it are read as everywhere."""

        def judge_file(answer: Answer) -> Any:
            self._note(answer, 1)
            if answer.status != 200:  # noqa: PLR2004 - HTTP
                read_answer(answer, thing=self.thing, path=path)
                raise AgainError(f"HTTP {answer.status} instead of a file")
            return judge(answer)

        return self._send("GET", path, judge_file)

    def _send(
        self,
        method: str,
        path: str,
        judge: Any,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        use = TokenUse(self.token)
        self._refuse_when_spent()
        with self._places:
            return self.http.send(
                method,
                self._api(use.take()) + path,
                judge,
                params=params,
                json=json,
                headers=lambda: {"Authorization": f"Zoho-oauthtoken {shown(use.take().secret)}", **(headers or {})},
                renew=use.renew,
            )

    def _note(self, answer: Answer, cost: int) -> None:
        left = answer.headers.get("X-API-CREDITS-REMAINING", "").strip()
        with self._lock:
            if answer.status < 400:  # noqa: PLR2004 - HTTP
                self.credits_used += cost
            if left.isdigit():
                self.credits_left = int(left)
        if answer.status == 429 and self.credits_left == 0:  # noqa: PLR2004 - HTTP
            raise self._spent(0)

    def _refuse_when_spent(self) -> None:
        left = self.credits_left
        if left is not None and left < self.settings.keep_credits:
            raise self._spent(left)

    def _spent(self, left: int) -> SpentCreditsError:
        return SpentCreditsError(
            self.thing,
            seen=f"{left:,} API credits are left, after about {self.credits_used:,} used by this extract",
            expected=f"at least {self.settings.keep_credits:,} (keep_credits)",
            next_step="run the extract again later, it goes on where it stopped: credits come back 24 hours after"
            " they were used. See who else uses them in Zoho under Setup, Developer Hub, APIs and SDKs",
        )

    def _api(self, token: Token) -> str:
        """Return the address that came with the token, if it is one of the data centre's: it may send us nowhere."""
        told = token.beside.get("api_domain", "").rstrip("/")
        if told not in self.addresses.api:
            raise SourceUnreachableError(
                self.thing,
                seen="the token's answer names another address for data than this data centre's",
                expected=f"one of {', '.join(sorted(self.addresses.api))}",
                next_step="correct data_centre in the source's settings in company.yml; if it is right, tell Zoho",
            )
        return told

    def _new_token(self) -> Token:
        given = self.credentials
        token: Token = self.http.send(
            "POST",
            f"{self.addresses.accounts}/oauth/v2/token",
            self._judge_token,
            form={
                "grant_type": "refresh_token",
                "client_id": given.client_id,
                "client_secret": shown(given.client_secret),
                "refresh_token": shown(given.refresh_token),
            },
        )
        return token

    def _judge_token(self, answer: Answer) -> Token:
        refuse_passing(answer)
        body = answer.json()
        body = body if isinstance(body, dict) else {}
        value, seconds = body.get("access_token"), body.get("expires_in")
        if isinstance(value, str) and value and isinstance(seconds, int) and seconds > 0:
            domain = {"api_domain": str(body.get("api_domain", ""))}
            token = token_of_answer(value, answered_at=answer.answered_at, seconds=seconds, beside=domain)
            self._api(token)
            self.token.notice(answer.answered_at)
            return token
        error = str(body.get("error", ""))
        if error == "Access Denied":
            raise AgainError("too many requests for tokens", after=_THROTTLE_SECONDS)
        raise SourceUnreachableError(
            f"{self.thing}, token",
            seen=error if re.fullmatch(r"[a-zA-Z_]{1,40}", error) else f"HTTP {answer.status} without a token",
            expected="a new access token for the refresh token",
            next_step={
                "invalid_code": "the refresh token was revoked or is of another data centre: make a new one, and"
                " put it into the source's credentials",
                "invalid_client": "correct client_id and data_centre: a client exists in its own data centre only",
                "invalid_client_secret": "correct client_secret in the source's credentials",
            }.get(error, "compare the source's credentials and data_centre with Zoho's API console"),
        )
