"""A local mail server that keeps every mail it gets as a file, for trials, demonstrations and tests."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.safe_text import file_name
from warehouse.errors import Problem

_SIZE_LIMIT = 50 * 2**20


class MailboxNotStartedError(Problem):
    """The local mail server cannot listen where it should."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A running local mail server: where mails are handed in, and where they are kept."""

    url: str
    folder: Path

    def mails(self) -> list[Path]:
        """Return the kept mails, oldest first."""
        return kept_mails(self.folder)


def kept_mails(folder: Path) -> list[Path]:
    """Return the mails a folder keeps, oldest first."""
    return sorted(folder.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def keep_mail(folder: Path, *, sender: str, recipients: list[str], content: bytes) -> Path:
    """Write a mail into the folder, whole or not at all, under a name that no other mail has."""
    folder.mkdir(parents=True, exist_ok=True)
    envelope = f"X-Envelope-From: {_line(sender)}\r\nX-Envelope-To: {_line(', '.join(recipients))}\r\n"
    stem = f"{recipients[0] if recipients else 'nobody'}_{hashlib.sha256(content).hexdigest()[:8]}"
    descriptor, draft = tempfile.mkstemp(dir=folder, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(envelope.encode() + content)
            file.flush()
            os.fsync(file.fileno())
        number = 1
        while True:
            path = folder / file_name(stem, suffix=".eml" if number == 1 else f"_{number}.eml")
            try:
                os.link(draft, path)  # unlike a rename it never replaces a mail
            except FileExistsError:
                number += 1
                continue
            return path
    finally:
        Path(draft).unlink()


def run_mailbox(
    host: str, port: int, folder: Path, ready: Callable[[Mailbox], None], *, stop: threading.Event | None = None
) -> None:
    """Serve until `stop` is set or, without one, until SIGTERM or SIGINT; call `ready` once mails are taken.

    Port 0 takes a free one. Raises MailboxNotStartedError when the port is taken.
    """
    ended = stop or threading.Event()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
    with _serving(folder, host=host, port=port) as mailbox:
        ready(mailbox)
        ended.wait()


@contextlib.contextmanager
def local_mailbox(folder: Path) -> Iterator[Mailbox]:
    """Serve on a free port of this machine while the block runs."""
    with _serving(folder, host="127.0.0.1", port=0) as mailbox:
        yield mailbox


@contextlib.contextmanager
def _serving(folder: Path, *, host: str, port: int) -> Iterator[Mailbox]:
    """Run the server in a thread of its own."""
    from aiosmtpd.smtp import SMTP

    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mailbox", daemon=True)

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(
                _Keeper(folder), loop=loop, hostname="localhost", ident="Guanxi mailbox", data_size_limit=_SIZE_LIMIT
            ),
            host,
            port,
        )

    async def close(server: asyncio.Server) -> None:
        server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    thread.start()
    server: asyncio.Server | None = None
    try:
        server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        actual = server.sockets[0].getsockname()[1]
        yield Mailbox(url=f"smtp://{f'[{host}]' if ':' in host else host}:{actual}", folder=folder)
    except OSError as error:
        if server is not None:
            raise
        raise MailboxNotStartedError(
            f"the mailbox at {host}:{port}",
            seen=f"it cannot listen there ({error.strerror or error})",
            expected="an address of this machine and a free port",
            next_step="name another port (--port, or GUANXI_MAILBOX_PORT), or stop what listens there",
        ) from None
    finally:
        if server is not None:
            asyncio.run_coroutine_threadsafe(close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Keeper:
    """The handler aiosmtpd calls; an error in it is a 4xx to the sender, who keeps the mail then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - its name
        try:
            await asyncio.to_thread(
                keep_mail,
                self.folder,
                sender=str(envelope.mail_from or ""),
                recipients=[str(each) for each in envelope.rcpt_tos],
                content=bytes(envelope.content),
            )
        except OSError:
            return "452 the mail could not be kept"
        return "250 kept"


def _line(value: str) -> str:
    return "".join(each for each in value if each.isprintable())[:998]
