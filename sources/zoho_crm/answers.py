"""What Zoho's answers mean: data, a refusal that passes, a refused token, or a problem that stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sources.api.connector import StateExpiredError
from sources.api.http import AgainError, Answer, RefusedCredentialError, refuse_passing
from sources.errors import MissingTableError, UndeliveredError
from warehouse.errors import Problem

_EMPTY = frozenset({204, 304})
_TOKEN_CODES = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"})
_PAGE_TOKEN_CODES = frozenset({"TOKEN_BOUND_DATA_MISMATCH", "EXPIRED_VALUE"})
_EMPTY_TIMES = 3
_SCOPES = (
    ("/coql", "ZohoCRM.coql.READ"),
    ("/bulk/", "ZohoCRM.bulk.READ"),
    ("/settings/", "ZohoCRM.settings.READ"),
    ("/users", "ZohoCRM.users.READ"),
    ("/org", "ZohoCRM.org.READ"),
)


class SpentCreditsError(UndeliveredError):
    """The company's API credits of the last 24 hours are used up, or nearly."""


class MissingScopeError(UndeliveredError):
    """The refresh token was made without a scope that this request needs."""


class RefusedRequestError(Problem):
    """Zoho refuses a request for a reason that stays; `code` is its own word for it."""

    def __init__(self, thing: str, code: str, *, seen: str) -> None:
        super().__init__(
            thing,
            seen=seen,
            expected="a request that Zoho takes",
            next_step="see docs/runbooks/source_zoho_crm.md; when a field or module was renamed, correct company.yml",
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with data, or one that says there are none (`body` is then None)."""

    status: int
    body: Any
    answered_at: datetime | None

    def rows(self, name: str = "data") -> list[Mapping[str, Any]]:
        """Return the listed rows. Raises AgainError where the answer is not of the agreed form."""
        if self.body is None:
            return []
        rows = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise AgainError(f"HTTP {self.status} without a list of {name}")
        return rows

    def has_more(self) -> bool:
        """Say whether more rows follow; only the answer's own word for it counts."""
        if self.body is None:
            return False
        more = (self.body.get("info") or {}).get("more_records")
        if not isinstance(more, bool):
            raise AgainError(f"HTTP {self.status} that does not say whether more records follow")
        return more

    def info(self, name: str) -> Any:
        """Return one entry of `info`, or None."""
        return (self.body.get("info") or {}).get(name) if isinstance(self.body, dict) else None


Check = Callable[[Told], Any]
"""Looks at an answer before it is believed; raises AgainError to have it asked for again."""


@dataclass(slots=True)
class EmptyForSure:
    """Believes an answer without rows when it was given three times: servers send empty pages that are not the end.

    Nothing else tells a false one from a true one; each further look costs a credit.
    """

    name: str = "data"
    _count: int = 0

    def __call__(self, told: Told) -> None:
        self._count = 0 if told.rows(self.name) else self._count + 1
        if 0 < self._count < _EMPTY_TIMES:
            raise AgainError("an answer without records", after=0)


def read_answer(answer: Answer, *, thing: str, path: str) -> Told:
    """Return what was told. Raises AgainError, RefusedCredentialError, StateExpiredError, or a Problem."""
    if answer.status in _EMPTY:
        return Told(answer.status, None, answer.answered_at)
    if answer.status < 400:  # noqa: PLR2004 - HTTP
        return Told(answer.status, answer.json(), answer.answered_at)
    code, details = _error(answer)
    if code == "OAUTH_SCOPE_MISMATCH":
        raise _missing_scope(thing, path)
    if code in _TOKEN_CODES or answer.status == 401:  # noqa: PLR2004 - HTTP
        raise RefusedCredentialError(f"HTTP {answer.status} {code}".rstrip())
    if code in _PAGE_TOKEN_CODES and "page_token" in (details.get("param_name"), details.get("api_name")):
        raise StateExpiredError(code)
    refuse_passing(answer)
    named = next((str(details[key]) for key in ("param_name", "api_name", "column_name") if details.get(key)), "")
    shown = f" ({named})" if re.fullmatch(r"[\w.$]{1,80}", named) else ""
    seen = f"HTTP {answer.status} {code or 'without a code'}{shown}, asking {path}"
    if code in ("INVALID_MODULE", "NO_PERMISSION", "INVALID_URL_PATTERN"):
        raise MissingTableError(
            thing,
            seen=seen,
            expected="a module that exists and that the user of the refresh token may read",
            next_step="correct `object` in company.yml, or give the user's profile the permission in Zoho",
        )
    raise RefusedRequestError(thing, code, seen=seen)


def _error(answer: Answer) -> tuple[str, Mapping[str, Any]]:
    """Return an error's code, which may be told, and its details. A body that is no JSON has neither."""
    try:
        body = answer.json()
    except AgainError:
        return "", {}
    if isinstance(body, dict) and isinstance(body.get("data"), list) and body["data"]:
        body = body["data"][0]
    if not isinstance(body, dict):
        return "", {}
    code, details = str(body.get("code", "")), body.get("details")
    return (code if re.fullmatch(r"[A-Z_]{1,60}", code) else ""), details if isinstance(details, dict) else {}


def _missing_scope(thing: str, path: str) -> MissingScopeError:
    scope = next((scope for part, scope in _SCOPES if part in path), "ZohoCRM.modules.READ")
    return MissingScopeError(
        thing,
        seen=f"OAUTH_SCOPE_MISMATCH, asking {path}",
        expected=f"a refresh token with the scope {scope}",
        next_step="make a refresh token with every scope of docs/runbooks/source_zoho_crm.md, and put it into the"
        " source's credentials",
    )
