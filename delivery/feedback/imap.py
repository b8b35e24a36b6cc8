"""A mailbox on an IMAP server that managers' replies arrive in; TLS always, and nothing is deleted there."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from delivery.feedback.answer import Document
from delivery.feedback.reply import SIZE_LIMIT, read_reply
from warehouse.errors import Problem

_PORTS = {"imap": 143, "imaps": 993}
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_MAILBOX = re.compile(r"[A-Za-z0-9_. /-]{1,200}")


class BadImapUrlError(Problem):
    """The address of the mailbox cannot be used."""


class MailboxUnreachableError(Problem):
    """The mailbox cannot be read now."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where replies arrive. TLS is always verified; SSL_CERT_FILE names a certificate authority of one's own."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    mailbox: str = "INBOX"
    is_starttls: bool = False
    timeout_seconds: float = 30.0

    def __str__(self) -> str:
        return f"mailbox {self.mailbox} at {self.host}:{self.port}"


def parse_imap_url(url: str) -> ImapServer:
    """Read imaps://user:password@host:993/INBOX or imap://…?starttls=1. Raises BadImapUrlError.

    `timeout=<seconds>` (30) may be added. User and password are percent-encoded. A line without TLS is refused.
    """
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        server = ImapServer(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            mailbox=unquote(parts.path.strip("/")) or "INBOX",
            is_starttls=options.get("starttls", ["0"]) == ["1"],
            timeout_seconds=float(options.get("timeout", ["30"])[0]),
        )
    except (ValueError, KeyError):
        raise _bad_url("it cannot be read") from None
    if not server.host or not server.user or not server.password or set(options) - {"starttls", "timeout"}:
        raise _bad_url("it has no host, user or password, or parts that mean nothing here")
    if parts.scheme == "imap" and not server.is_starttls:
        raise _bad_url(f"it would send the password to {server.host} in clear")
    if not _MAILBOX.fullmatch(server.mailbox):
        raise _bad_url("the name of the mailbox has letters that are not taken")
    return server


class ImapInbox:
    """The unread mails of a mailbox, as its server orders them; what was looked at is marked as read."""

    def __init__(self, server: ImapServer) -> None:
        self.server = server
        self._numbers: dict[str, str] = {}
        self._session: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        with self._told("it does not let us in"):
            self._session = self._open()
            self._session.login(self.server.user, self.server.password)
            quoted = self.server.mailbox.replace("\\", "\\\\").replace('"', '\\"')
            self._ok(self._session.select(f'"{quoted}"'))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                session.logout()

    def documents(self) -> Iterator[Document]:
        with self._told("it does not list its unread mails"):
            numbers = self._ok(self._at().uid("search", "UNSEEN"))[0]
        for number in (numbers or b"").split():
            with self._told("it does not hand out a mail"):
                document = self._fetch(number.decode("ascii"))
            if document is not None:
                self._numbers[document.reference] = number.decode("ascii")
                yield document

    def done(self, document: Document, *, is_clean: bool) -> None:  # noqa: ARG002 - a mailbox has one place
        with self._told("it does not mark a mail as read"):
            self._ok(self._at().uid("store", self._numbers.pop(document.reference), "+FLAGS", "(\\Seen)"))

    def _fetch(self, number: str) -> Document | None:
        size = self._ok(self._at().uid("fetch", number, "(RFC822.SIZE)"))[0]
        found = _SIZE.search(size if isinstance(size, bytes) else b"")
        if found is not None and int(found[1]) > SIZE_LIMIT:
            return Document(f"mail {number} of {self.server}", "mail", "a mail", ignored="it is too large")
        for part in self._ok(self._at().uid("fetch", number, "(BODY.PEEK[])")):
            if isinstance(part, tuple):
                return read_reply(part[1])
        return None  # somebody has deleted it meanwhile

    def _at(self) -> imaplib.IMAP4:
        if self._session is None:
            raise imaplib.IMAP4.abort("no session")
        return self._session

    def _open(self) -> imaplib.IMAP4:
        server, context = self.server, ssl.create_default_context()
        if not server.is_starttls:
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=server.timeout_seconds)
        session = imaplib.IMAP4(server.host, server.port, timeout=server.timeout_seconds)
        session.starttls(context)
        return session

    @staticmethod
    def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
        kind, data = answer
        if kind != "OK":
            raise imaplib.IMAP4.error(kind)
        return data

    @contextlib.contextmanager
    def _told(self, seen: str) -> Iterator[None]:
        """Tell what goes wrong without the server's words, which may hold the login."""
        try:
            yield
        except ssl.SSLError:
            raise self._unreachable("the TLS handshake failed, or its certificate is not valid") from None
        except TimeoutError:
            raise self._unreachable("no answer in time") from None
        except imaplib.IMAP4.error:
            raise self._unreachable(seen) from None
        except OSError as error:
            raise self._unreachable(f"the connection failed ({type(error).__name__})") from None

    def _unreachable(self, seen: str) -> MailboxUnreachableError:
        return MailboxUnreachableError(
            str(self.server),
            seen=seen,
            expected="a mailbox that can be read over TLS",
            next_step="check GUANXI_FEEDBACK_IMAP_URL and that the server runs, then run guanxi feedback again;"
            " nothing is lost, the replies wait there",
        )


def _bad_url(seen: str) -> BadImapUrlError:
    return BadImapUrlError(
        "GUANXI_FEEDBACK_IMAP_URL",
        seen=seen,
        expected="imaps://user:password@host:993/INBOX or imap://user:password@host:143/INBOX?starttls=1",
        next_step="correct the setting; percent-encode special characters of user and password",
    )
