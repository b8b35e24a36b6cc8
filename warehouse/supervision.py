"""The supervisor of the local stack: its configuration, and talking to it."""

from __future__ import annotations

import hashlib
import http.client
import os
import shlex
import sys
import tempfile
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from warehouse.leftovers import SERVICE_VARIABLE
from warehouse.services import Service

# a socket's path may have 107 bytes on Linux, 103 on macOS
_LONGEST_SOCKET_PATH = 100

_FRAME = """\
[supervisord]
nodaemon=true
silent=true
logfile={folder}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={folder}/supervisord.pid
childlogdir={folder}
{user}
[unix_http_server]
file={socket}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

_PROGRAM = """
[program:{name}]
command={command}
environment={variable}="{name}"
directory={directory}
priority={priority}
autorestart=true
startsecs=3
startretries=10
stopsignal=TERM
stopwaitsecs={stop_seconds}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as its supervisor sees it: state is RUNNING, STARTING, BACKOFF, FATAL, STOPPED or the like."""

    name: str
    state: str
    pid: int
    running_seconds: int


@dataclass(frozen=True, slots=True)
class Supervision:
    """The supervisor whose files lie in `folder`."""

    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """Where the supervisor listens: in its folder, or, if that lies too deep, in a private folder of /tmp."""
        inside = self.folder / "control.sock"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
            return inside
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"guanxi-{os.getuid()}-{mark}" / "control.sock"

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def write(self, services: Sequence[Service], values: Mapping[str, str], *, directory: Path) -> list[str]:
        """Write the configuration (it holds no secret) and return the command that runs it.

        Services start together and stop one by one, the last of the list first.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        frame = _FRAME.format(
            folder=_escaped(self.folder),
            socket=_escaped(self.socket),
            user="user=root\n" if os.geteuid() == 0 else "",
        )
        programs = [
            _PROGRAM.format(
                name=service.name,
                command=_escaped(shlex.join(self._command(service, values))),
                variable=SERVICE_VARIABLE,
                directory=_escaped(directory),
                priority=100 + number,
                stop_seconds=service.stop_seconds,
                log="NONE" if service.is_outlived else _escaped(self.log(service.name)),
            )
            for number, service in enumerate(services)
        ]
        self.configuration.write_text(frame + "".join(programs), encoding="utf-8")
        return [str(Path(sys.executable).with_name("supervisord")), "-c", str(self.configuration)]

    def _command(self, service: Service, values: Mapping[str, str]) -> tuple[str, ...]:
        log = ("--log", str(self.log(service.name))) if service.is_outlived else ()
        return (sys.executable, "-m", "warehouse.keeper", *log, "--", *service.command(values))

    def states(self) -> list[ServiceState] | None:
        """Return the services, or None when no supervisor answers."""
        try:
            found: Any = self._proxy().supervisor.getAllProcessInfo()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return None
        return [
            ServiceState(each["name"], each["statename"], each["pid"], max(0, each["now"] - each["start"]))
            for each in found
        ]

    def shut_down(self) -> bool:
        """Ask the supervisor to stop everything and end; say whether it answered. Returns before it is done."""
        try:
            self._proxy().supervisor.shutdown()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def _proxy(self) -> xmlrpc.client.ServerProxy:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)


def _escaped(text: object) -> str:
    return str(text).replace("%", "%%")
