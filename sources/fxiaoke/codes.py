"""What an errorCode means. HTTP says 200 whatever happens, and the message beside the code changes: only it counts.

The table is that of the vendor's "global return codes" (developer.fxiaoke.com, openapi_v2/start/guide/codes.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sources.api.http import AgainError, Answer, RefusedCredentialError, refuse_passing
from sources.errors import SourceUnreachableError, UndeliveredError

_BUSY = frozenset({-1, -2, 50009})
_TOO_FAST = {14001: 20.0, 30004: None}  # 14001 counts 20 seconds of one interface, 30004 single seconds
_STALE_TOKEN = frozenset({20016, 20005, 11014})
_NOT_ALLOWED = frozenset({15003, 20014, 20020, 20021, 20022, 20023})
_NOT_SET_UP = frozenset({
    10001, 10002, 10003, 10009, 10010, 10012, 10014, 11001, 11002, 11003, 11008, 11011, 11013, 11015, 12002, 20006,
    20012, 20015, 20017, 30027,
})  # fmt: skip
_NOT_UNDERSTOOD = frozenset({15002, 32000, 10013, 12004})
_NO_SUCH_PATH = 10006
_DAY_SPENT = 30002
_NOTHING_BOUGHT = 30003

_GO_ON = "then run the extract again: it goes on where it stopped"
_WAIT_FOR_MIDNIGHT = (
    f"wait for 0:00 of the tenant's cloud (Beijing time), when they are counted anew, {_GO_ON}; if it happens again,"
    " buy a further Open API pack, or give fewer datasets"
)
_BUY = f"have the tenant's administrator order an Open API pack (100,000 calls a day each), {_GO_ON}"
_ALLOW = (
    "have the tenant's administrator enable the application, authorise it and give it this object, and see that the"
    " person it reads as is a CRM administrator"
)
_MEND_CREDENTIALS = (
    "correct app_id, app_secret, permanent_code and the person in the source's credentials, `cloud` and `token_style`"
    " in its settings, and the addresses that the application's developer mode lets in; then try it: guanxi sources"
    " test"
)
_MEND_HOST = "correct `cloud` or `host` in the source's settings: it is open-<where the tenant's people log in>"
_MEND_REQUEST = (
    "see that the person the source reads as may list this object in the CRM, and that the dataset's object and"
    " columns are spelled as in the CRM's object manager; the vendor's support asks for the errorCode and the trace"
)


class DayIsSpentError(UndeliveredError):
    """The calls of the day are used up: nothing helps before midnight."""


class NothingBoughtError(UndeliveredError):
    """The tenant has bought no calls."""


class NotAllowedError(SourceUnreachableError):
    """The application, or the person in whose name it reads, may not read this."""


class RefusedRequestError(UndeliveredError):
    """The system does not take what it was asked."""


def answered(answer: Answer, *, thing: str, for_token: bool = False) -> Mapping[str, Any]:
    """Return the body of an answer that went well.

    Raises AgainError for what passes, RefusedCredentialError for a token that is over, and else an UndeliveredError
    that says what to mend. `for_token` says that a token was asked for: there, a code that we do not know means
    credentials that are wrong.
    """
    refuse_passing(answer)
    if answer.status != 200:  # noqa: PLR2004 - what it always says
        raise _refusal(SourceUnreachableError, thing, f"HTTP {answer.status}: no answer of the Open API", _MEND_HOST)
    body = answer.json()
    try:
        code = int(body["errorCode"])
    except (TypeError, KeyError, ValueError):
        raise AgainError("an answer without an errorCode") from None
    if code == 0:
        return dict(body)
    if code in _BUSY or code in _TOO_FAST:
        raise AgainError(f"errorCode {code}", after=_TOO_FAST.get(code))
    seen = f"errorCode {code}{_trace(body)}"
    if code in _STALE_TOKEN and not for_token:
        raise RefusedCredentialError(seen)
    kind, meaning, next_step = _meaning(code, for_token=for_token)
    raise _refusal(kind, thing, f"{seen}: {meaning}", next_step)


def _meaning(code: int, *, for_token: bool) -> tuple[type[UndeliveredError], str, str]:
    """Return what a code is told as: the error, what it says, and what to do."""
    if code == _DAY_SPENT:
        return DayIsSpentError, "the calls of this day are used up", _WAIT_FOR_MIDNIGHT
    if code == _NOTHING_BOUGHT:
        return NothingBoughtError, "the tenant has bought no Open API calls", _BUY
    if code in _NOT_ALLOWED:
        return NotAllowedError, "the application may not read this", _ALLOW
    if for_token or code in _NOT_SET_UP:
        return SourceUnreachableError, "the application or the person is not known", _MEND_CREDENTIALS
    if code == _NO_SUCH_PATH:
        return SourceUnreachableError, "there is no such path", _MEND_HOST
    known = code in _NOT_UNDERSTOOD
    meaning = "it does not take what it was asked" if known else "no code of the published table"
    return RefusedRequestError, meaning, _MEND_REQUEST


def _refusal(kind: type[UndeliveredError], thing: str, seen: str, next_step: str) -> UndeliveredError:
    return kind(thing, seen=seen, expected="errorCode 0", next_step=next_step)


def _trace(body: Mapping[str, Any]) -> str:
    """Return the vendor's name for this call, which its support asks for, when it looks like one."""
    trace = body.get("traceId")
    return f" (trace {trace})" if isinstance(trace, str) and re.fullmatch(r"[\w./-]{1,80}", trace) else ""
