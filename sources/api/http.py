"""Requests to a system that is not ours: patient with what passes, brief with what does not."""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import tenacity

from sources.api.address import AddressRule
from sources.api.connection import mount
from sources.api.pace import Pace
from sources.errors import SourceUnreachableError

_TIMEOUT = (15, 120)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying: `attempts` a request, `budget_seconds` of waiting in the whole extract.

    Waits grow from `first_seconds` to `longest_seconds`, each drawn between nothing and that (full jitter: Brooker,
    "Exponential Backoff And Jitter", AWS 2015), unless the server says how long.
    """

    attempts: int = 6
    first_seconds: float = 1
    longest_seconds: float = 60
    budget_seconds: float = 900


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `body` is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON with exact decimals. Raises AgainError when it is none: it was cut or mangled."""
        try:
            return json.loads(self.body, parse_float=Decimal)
        except ValueError:
            raise AgainError(f"HTTP {self.status} whose body is no JSON ({len(self.body):,} bytes)") from None

    @property
    def answered_at(self) -> datetime | None:
        """The server's own clock."""
        return _moment(self.headers.get("Date", ""))


class AgainError(Exception):
    """An answer that may be another one next time. `after`: seconds the server asks us to wait."""

    def __init__(self, seen: str, after: float | None = None) -> None:
        super().__init__(seen)
        self.seen, self.after = seen, after


class RefusedCredentialError(Exception):
    """An answer that says our token is no good (any more): it is renewed and the request sent again, once."""

    def __init__(self, seen: str) -> None:
        super().__init__(seen)
        self.seen = seen


Params = Mapping[str, str]
Judge = Callable[[Answer], Any]
"""Makes what the caller wants of an answer; raises AgainError, RefusedCredentialError, or a Problem that stays."""


def refuse_passing(answer: Answer) -> None:
    """Raise AgainError for a status that passes, with the wait that Retry-After asks for."""
    if answer.status in _PASSING:
        raise AgainError(f"HTTP {answer.status}", after=retry_after(answer))


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that Retry-After asks for, given as seconds or as a moment (by the server's own clock)."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    moment, now = _moment(said), answer.answered_at
    return max(0.0, (moment - now).total_seconds()) if moment and now else None


class _NoAuth(requests.auth.AuthBase):
    """Takes the place of what requests would find in a .netrc, which replaces the header we give."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _stateless() -> requests.Session:
    """Return a session that keeps connections and nothing else: a cookie would tie a request to those before it."""
    session = requests.Session()
    session.headers["User-Agent"] = "guanxi"
    session.auth = _NoAuth()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return session


@dataclass(slots=True)
class Http:
    """The requests of one source. `thing` names it in errors; no text here holds a header, a body or a query."""

    thing: str
    rule: AddressRule
    patience: Patience = Patience()
    sleep: Callable[[float], None] = time.sleep
    request_count: int = 0
    waited_seconds: float = 0
    _session: requests.Session = field(default_factory=_stateless)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        mount(self._session, lambda host, address: self.rule.assert_address(host, address, thing=self.thing))

    def send(  # noqa: PLR0913 - each tells another thing of a request
        self,
        method: str,
        url: str,
        judge: Judge,
        *,
        params: Params | Callable[[], Params] | None = None,
        json: Any = None,
        form: Params | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
        pace: Pace | None = None,
        renew: Callable[[], None] | None = None,
    ) -> Any:
        """Return what `judge` makes of the answer, sending the request again while it says so.

        `headers` is asked before each try, as a token may have been renewed; so are `params` and `json` where they
        are functions. Every try counts in `pace`. `renew` renews the token, at most once.
        Raises SourceUnreachableError when patience ends, and what `judge` raises.
        """

        def once() -> Any:
            if pace is not None:
                pace.take()
            return judge(self._once(method, url, _asked(params), _asked(json), form, headers()))

        self.rule.assert_allowed(url, thing=self.thing)
        has_renewed = False
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.patience.attempts),
            wait=self._wait,
            sleep=self._sleep,
            retry=tenacity.retry_if_exception_type(AgainError),
            reraise=True,
        )
        try:
            for attempt in tries:
                with attempt:
                    try:
                        return once()
                    except RefusedCredentialError:
                        if renew is None or has_renewed:
                            raise
                        has_renewed = True
                        renew()
                        return once()
        except AgainError as error:
            self._give_up(url, error.seen)
        except RefusedCredentialError as error:
            raise SourceUnreachableError(
                self.thing,
                seen=error.seen,
                expected="credentials that the system accepts",
                next_step="renew the source's credentials, then try them: guanxi sources test",
            ) from None
        raise AssertionError("a request ends with an answer or an error")  # pragma: no cover

    def close(self) -> None:
        """Give back the connections."""
        self._session.close()

    def _once(
        self,
        method: str,
        url: str,
        params: Params | None,
        json: Any,
        form: Params | None,
        headers: Mapping[str, str],
    ) -> Answer:
        with self._lock:
            self.request_count += 1
        try:
            got = self._session.request(
                method, url, params=params, json=json, data=form, headers=dict(headers),
                timeout=_TIMEOUT, allow_redirects=False,
            )  # fmt: skip
        except requests.exceptions.SSLError as error:
            if _is_about_the_certificate(error):
                self._give_up(url, "a certificate that does not hold")
            raise AgainError("the encrypted connection broke") from None
        except requests.exceptions.Timeout:
            raise AgainError("no answer in time") from None
        except (requests.exceptions.InvalidHeader, UnicodeError):  # both hold the header, and with it the token
            self._refuse_unsendable(url)
        except requests.exceptions.RequestException as error:  # its text holds the URL, and with it the query
            raise AgainError(f"the connection broke ({type(error).__name__})") from None
        if got.is_redirect:
            self._give_up(url, f"HTTP {got.status_code}: it sends us elsewhere")
        return Answer(got.status_code, got.headers, got.content)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, AgainError) and error.after is not None:
            return error.after
        most = min(self.patience.longest_seconds, self.patience.first_seconds * 2 ** (state.attempt_number - 1))
        return random.uniform(0, most)  # noqa: S311 - spreads the tries, hides nothing

    def _sleep(self, seconds: float) -> None:
        with self._lock:
            self.waited_seconds += seconds
            is_too_long = self.waited_seconds > self.patience.budget_seconds
        if is_too_long:
            raise SourceUnreachableError(
                self.thing,
                seen=f"it asks for {seconds:.0f} s more after {self.waited_seconds - seconds:.0f} s of waiting",
                expected=f"at most {self.patience.budget_seconds:.0f} s of waiting in one extract",
                next_step="see the system's status page and its limits, then run the extract again: it goes on"
                " where it stopped",
            )
        self.sleep(seconds)

    def _refuse_unsendable(self, url: str) -> NoReturn:
        raise SourceUnreachableError(
            self.thing,
            seen=f"a header that cannot be sent to {urlsplit(url).hostname}: a credential has a character that no"
            " credential has",
            expected="credentials of letters, digits and signs, in one line",
            next_step="copy the source's credentials anew, without what stands before or behind them, then try them:"
            " guanxi sources test",
        ) from None

    def _give_up(self, url: str, seen: str) -> NoReturn:
        parts = urlsplit(url)
        raise SourceUnreachableError(
            self.thing,
            seen=f"{seen}, asking {parts.hostname}{parts.path}",
            expected="a system that answers",
            next_step="see the system's status page and the network between here and there, then run the extract"
            " again: it goes on where it stopped",
        ) from None


def _is_about_the_certificate(error: BaseException) -> bool:
    """Say whether an error's cause is a certificate; a connection that breaks while it is made is none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = cause.__cause__ or (reason if isinstance(reason, BaseException) else None)
    return False


def _asked(value: Any) -> Any:
    return value() if callable(value) else value


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None
