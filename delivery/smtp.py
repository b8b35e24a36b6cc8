"""Hands a mail to an SMTP server and tells exactly what is known of its fate."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

from warehouse.errors import Problem

_PORTS = {"smtp": 25, "smtps": 465}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT = 500


class BadSmtpUrlError(Problem):
    """The address of the mail server cannot be used."""


class MailServerUnreachableError(Problem):
    """No session with the mail server could be opened. It may help to try again."""


class MailServerRefusedError(Problem):
    """The mail server does not let us send: certificate, login or sender. Trying again does not help."""


class Fate(Enum):
    """What is known of a mail after a send."""

    ACCEPTED = "accepted"
    REFUSED_FOR_NOW = "refused for now"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mail's fate and the server's words. The words may hold the recipient's address: do not log them."""

    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in. TLS is always verified; SSL_CERT_FILE names a certificate authority of one's own."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls: bool = False
    is_starttls: bool = False
    timeout_seconds: float = 30.0

    def __str__(self) -> str:
        return f"mail server {self.host}:{self.port}"


def parse_smtp_url(url: str) -> MailServer:
    """Read smtp://user:password@host:port, smtps://… or smtp://…?starttls=1. Raises BadSmtpUrlError.

    `timeout=<seconds>` (30) may be added: how long the server may take for an answer. User and password are
    percent-encoded. A password over an open line is refused but on this machine itself.
    """
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        server = MailServer(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            is_tls=parts.scheme == "smtps",
            is_starttls=options.get("starttls", ["0"]) == ["1"],
            timeout_seconds=float(options.get("timeout", ["30"])[0]),
        )
    except (ValueError, KeyError):
        raise _bad_url("it cannot be read") from None
    if not server.host or parts.path not in {"", "/"} or set(options) - {"starttls", "timeout"}:
        raise _bad_url("it has no host, or parts that mean nothing here")
    if (server.user is None) != (server.password is None):
        raise _bad_url("it has a user without a password, or the other way round")
    is_open = not server.is_tls and not server.is_starttls
    if server.password is not None and is_open and server.host not in _LOOPBACK:
        raise _bad_url(f"it would send the password to {server.host} in clear")
    return server


class _Session(smtplib.SMTP):
    """Remembers whether the mail's body may have reached the server."""

    data_begun = False

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]  # the stub names a buffer type
        self.data_begun = True
        return super().data(msg)


class _TlsSession(_Session, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class Courier:
    """One session with a mail server, opened when needed and opened again after it was lost.

    `command` is what sends the mails; its problems say to run it again.
    """

    def __init__(self, server: MailServer, *, command: str = "guanxi deliver") -> None:
        self.server = server
        self.command = command
        self._session: _Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session politely if there is one."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
            session.close()

    def ready(self) -> None:
        """Make sure that a session is open. Raises MailServerUnreachableError or MailServerRefusedError."""
        if self._session is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._session.noop()[0] < _PERMANENT:
                    return
            self._drop()
        try:
            self._session = self._open()
        except smtplib.SMTPAuthenticationError as error:
            raise self._refused(f"it refuses the login of {self.server.user} ({error.smtp_code})") from None
        except smtplib.SMTPNotSupportedError:
            raise self._refused("it does not offer STARTTLS or the login that the address asks for") from None
        except ssl.SSLCertVerificationError as error:
            raise self._refused(f"its certificate is not valid ({error.verify_message})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerUnreachableError(
                str(self.server),
                seen=_plain(error),
                expected="a mail server that answers",
                next_step=f"check GUANXI_SMTP_URL and that the server runs, then run {self.command} again;"
                " nothing is lost, the lists wait in the outbox",
            ) from None

    def send(self, message: EmailMessage) -> Outcome:
        """Send one mail to its one recipient. Call `ready` before; raises MailServerRefusedError for the sender."""
        if self._session is None:
            return Outcome(Fate.REFUSED_FOR_NOW, "no session")
        session = self._session
        session.data_begun = False
        try:
            session.send_message(message)
        except smtplib.SMTPSenderRefused as error:
            return self._sender_refused(error)
        except smtplib.SMTPRecipientsRefused as error:
            return self._answer(*next(iter(error.recipients.values())))
        except smtplib.SMTPDataError as error:
            return self._answer(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            fate = Fate.UNKNOWN if session.data_begun else Fate.REFUSED_FOR_NOW
            when = "after" if session.data_begun else "before"
            return Outcome(fate, f"session lost {when} the mail was handed in: {_plain(error)}")
        return Outcome(Fate.ACCEPTED)

    def _sender_refused(self, error: smtplib.SMTPSenderRefused) -> Outcome:
        self._drop()
        if error.smtp_code >= _PERMANENT:
            raise self._refused(f"it refuses the sender {error.sender} ({error.smtp_code})") from None
        return Outcome(Fate.REFUSED_FOR_NOW, f"{error.smtp_code} the sender is refused for now")

    def _answer(self, code: int, words: bytes | str) -> Outcome:
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        if code in {-1, 421}:  # the server hangs up after this answer
            self._drop()
        fate = Fate.REFUSED if code >= _PERMANENT else Fate.REFUSED_FOR_NOW
        return Outcome(fate, f"{code} {text}")

    def _open(self) -> _Session:
        server = self.server
        context = ssl.create_default_context()
        make = cast("Callable[..., _Session]", _TlsSession if server.is_tls else _Session)
        options = {"context": context} if server.is_tls else {}
        session = make(server.host, server.port, timeout=server.timeout_seconds, **options)
        try:
            session.ehlo_or_helo_if_needed()
            if server.is_starttls:
                session.starttls(context=context)
            if server.user is not None and server.password is not None:
                session.login(server.user, server.password)
        except BaseException:
            session.close()
            raise
        return session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _refused(self, seen: str) -> MailServerRefusedError:
        return MailServerRefusedError(
            str(self.server),
            seen=seen,
            expected="a server that takes our mails over a line that can be trusted",
            next_step="correct GUANXI_SMTP_URL or GUANXI_MAIL_FROM, or ask the server's administrator;"
            f" then run {self.command} again. The lists wait in the outbox",
        )


def _bad_url(seen: str) -> BadSmtpUrlError:
    return BadSmtpUrlError(
        "GUANXI_SMTP_URL",
        seen=seen,
        expected="smtps://user:password@host:465 or smtp://user:password@host:587?starttls=1",
        next_step="correct the setting; percent-encode special characters of user and password",
    )


def _plain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server hung up, or did not answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "the TLS handshake failed"
    return f"the connection failed ({type(error).__name__})"
