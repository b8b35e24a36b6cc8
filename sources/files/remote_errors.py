"""What the error of a store elsewhere is a sign of, in words that a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Literal

from sources.errors import SourceUnreachableError
from sources.files.store import MissingDataError
from warehouse.errors import Problem

Doing = Literal["listing", "reading"]

_REFUSED = ("the credentials were refused", "give a key that is valid, and its own secret")
_ELSEWHERE = ("the bucket lies in another region", "name it: `region` in the source's settings")
_SIGNS: Mapping[str, tuple[str, str]] = {
    "RequestTimeTooSkewed": (
        "the store's clock and ours are too far apart", "set this machine's clock by the network's time",
    ),
    "InvalidAccessKeyId": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
    "ExpiredToken": _REFUSED,
    "InvalidToken": _REFUSED,
    "TokenRefreshRequired": _REFUSED,
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "301": _ELSEWHERE,
}  # fmt: skip
_DENIED = ("access denied", "let this key list the bucket and get its objects (docs/runbooks/source_files.md)")
_CUT = ("the download broke off, again and again", "run the extract again; see what stands between here and the store")
_SILENT = ("nothing answers there", "start the store, or correct `endpoint`; then try: guanxi sources test")
_FAILED = ("the store failed", "see its status and its log, then run the extract again")


def problem_of(error: Exception, doing: Doing, *, thing: str, is_bucket: bool) -> Problem:
    """Return the problem that an error is a sign of; its own text may quote keys and is not told."""
    code = _code(error)
    if isinstance(error, FileNotFoundError):
        if doing == "reading":
            return MissingDataError(
                thing,
                seen="it was listed, and was gone when it was read",
                expected="a file that stays until it is read",
                next_step="run the extract again",
            )
        return MissingDataError(
            thing,
            seen="no such bucket" if code == "NoSuchBucket" or is_bucket else "nothing there",
            expected="what `path` names",
            next_step="correct `path`, or put the files there",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return no_room(thing, "no space left")
    seen, next_step = _SIGNS.get(code) or _sign_of_type(error)
    return SourceUnreachableError(
        thing,
        seen=f"{seen} ({code or type(error).__name__})",
        expected="a store that lets us list and read",
        next_step=next_step,
    )


def no_room(thing: str, seen: str) -> Problem:
    return Problem(
        thing,
        seen=seen,
        expected="room for one file at a time",
        next_step="free space where GUANXI_HOME lies, then run the extract again",
    )


def _sign_of_type(error: Exception) -> tuple[str, str]:
    name = type(error).__name__
    if "Payload" in name or "IncompleteRead" in name:
        return _CUT
    if isinstance(error, PermissionError):
        return _DENIED
    if isinstance(error, TimeoutError | ConnectionError) or "Connect" in name:
        return _SILENT
    return _FAILED


def _code(error: BaseException | None) -> str:
    """Return the code that an S3 server gave, from the error or what caused it."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, Mapping):
            return str(response.get("Error", {}).get("Code", ""))
        error = error.__cause__ or error.__context__
    return ""
