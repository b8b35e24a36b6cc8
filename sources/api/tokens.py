"""An access token that all processes share: asked for once, kept in a file, asked for anew when the system refuses it.

Systems limit how often a token may be asked for and how many live at once, so a process must not have its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from sources.credentials import shown


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `expires_at` is by the system's own clock; `beside` is what the system told with it."""

    secret: SecretStr
    expires_at: datetime | None = None
    beside: Mapping[str, str] = field(default_factory=dict)


def token_of_answer(
    value: str, *, answered_at: datetime | None, seconds: float, beside: Mapping[str, str] | None = None
) -> Token:
    """Return a token that lives for `seconds` from the moment at which the system's own clock answered."""
    expires_at = answered_at + timedelta(seconds=seconds) if answered_at is not None else None
    return Token(SecretStr(value), expires_at, dict(beside or {}))


def fingerprint(*parts: SecretStr | str) -> str:
    """Return a hash of credentials: a token that was got with others is not used."""
    plain = [shown(part) if isinstance(part, SecretStr) else part for part in parts]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


@dataclass(slots=True)
class SharedToken:
    """The token of one source, in the file <name>.json of a folder that only we may read.

    `ask` gets a new one from the system; whatever it raises passes through. It is called with the file locked, so
    one process or thread asks while the others wait for what it gets. `early_seconds` before its end a token is
    given up without being tried.
    """

    folder: Path
    name: str
    credentials: str
    ask: Callable[[], Token]
    early_seconds: float = 60
    monotonic: Callable[[], float] = time.monotonic
    asked_count: int = 0
    _token: Token | None = None
    _clock: tuple[datetime, float] | None = None

    def notice(self, answered_at: datetime | None) -> None:
        """Take note of the system's clock, as an answer told it; a token's end is measured by it."""
        if answered_at is not None:
            self._clock = (answered_at, self.monotonic())

    def current(self) -> Token:
        """Return the token to use, asking for one when there is none or its time is over."""
        token = self._token
        if token is None or self._is_over(token):
            token = self._token = self._from_file_or_system(refused=None)
        return token

    def renew(self, refused: Token | None) -> Token:
        """Return a token other than the refused one: what another process has got meanwhile, or a new one."""
        token = self._token = self._from_file_or_system(refused=refused)
        return token

    def _from_file_or_system(self, *, refused: Token | None) -> Token:
        with self._locked():
            kept = self._kept()
            if kept is not None and not self._is_over(kept) and (refused is None or kept.secret != refused.secret):
                return kept
            self.asked_count += 1
            token = self.ask()
            self._keep(token)
            return token

    def _is_over(self, token: Token) -> bool:
        if token.expires_at is None or self._clock is None:
            return False  # the system says so when it is
        told_at, noticed = self._clock
        now = told_at + timedelta(seconds=self.monotonic() - noticed)
        return now >= token.expires_at - timedelta(seconds=self.early_seconds)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # each opening has a lock of its own: threads wait as well
            yield
        finally:
            os.close(descriptor)

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name}.json"

    def _kept(self) -> Token | None:
        """Return the token of the file, or None where it is another's, unreadable, or open to others."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return None
        with os.fdopen(descriptor, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077 or status.st_uid != os.getuid():
                return None
            try:
                kept = json.load(file)
                if kept["credentials"] != self.credentials:
                    return None
                end = kept["expires_at"]
                expires_at = None if end is None else datetime.fromisoformat(end).astimezone(UTC)
                return Token(SecretStr(kept["token"]), expires_at, dict(kept["beside"]))
            except (ValueError, KeyError, TypeError):  # cut short, or not written by us
                return None

    def _keep(self, token: Token) -> None:
        kept = {
            "credentials": self.credentials,
            "token": shown(token.secret),
            "expires_at": token.expires_at.isoformat() if token.expires_at is not None else None,
            "beside": dict(token.beside),
        }
        draft = self.folder / f".{self.name}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        draft.replace(self._file)


@dataclass(slots=True)
class TokenUse:
    """The token of one request: it remembers which one was sent, so that a refusal renews that one and no newer."""

    shared: SharedToken
    used: Token | None = None

    def take(self) -> Token:
        """Return the token to send now."""
        self.used = self.shared.current()
        return self.used

    def renew(self) -> None:
        """Replace the token that was sent last, unless another request or process has done so already."""
        self.shared.renew(self.used)
