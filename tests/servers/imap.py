"""A mailbox over TLS that knows the few commands its reader uses."""

from __future__ import annotations

import contextlib
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.certificate import write_certificate

_FETCH = re.compile(r"UID FETCH (\d+) \((.+)\)", re.IGNORECASE)
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", re.IGNORECASE)


@dataclass(slots=True)
class ImapMailbox:
    """Mails by number, and which of them were read. `refuses` names a command that is answered with NO."""

    mails: dict[int, bytes]
    password: str
    seen: set[int] = field(default_factory=set)
    refuses: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @contextlib.contextmanager
    def listening(self, folder: Path) -> Iterator[Path]:
        """Serve on a free port; give the certificate that signs the server's."""
        certificate, key = write_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        mailbox = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):  # who does not trust the certificate hangs up
                    self.connection = context.wrap_socket(self.request, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                    mailbox.talk(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        with Server(("127.0.0.1", 0), Session) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield certificate
            server.shutdown()

    def talk(self, lines: Any, out: Any) -> None:
        out.write(b"* OK ready\r\n")
        for line in lines:
            tag, _, command = line.decode().strip().partition(" ")
            self.asked.append(command)
            if self.refuses and command.upper().startswith(self.refuses):
                out.write(f"{tag} NO not now\r\n".encode())
                continue
            is_in = not command.upper().startswith("LOGIN") or f'"{self.password}"' in command
            if is_in:
                out.write(self._answer(command))
            out.write(f"{tag} {'OK' if is_in else 'NO'} done\r\n".encode())
            if command.upper() == "LOGOUT":
                return

    def _answer(self, command: str) -> bytes:
        if command.upper() == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.upper().startswith("SELECT"):
            return f"* {len(self.mails)} EXISTS\r\n".encode()
        if command.upper().startswith("UID SEARCH"):
            unread = " ".join(str(number) for number in self.mails if number not in self.seen)
            return f"* SEARCH {unread}\r\n".encode()
        if found := _FETCH.match(command):
            number = int(found[1])
            content = self.mails[number]
            if "SIZE" in found[2].upper():
                return f"* {number} FETCH (UID {number} RFC822.SIZE {len(content)})\r\n".encode()
            return f"* {number} FETCH (UID {number} BODY[] {{{len(content)}}}\r\n".encode() + content + b")\r\n"
        if found := _STORE.match(command):
            self.seen.add(int(found[1]))
        return b""
