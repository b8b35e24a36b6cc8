"""A MariaDB of our own for tests: its tables made by the server's own bootstrap, in a folder that goes with it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql

from warehouse.embedded import free_port

PASSWORD = "röot/@secret"
_SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
_SMALL = ("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0")


@dataclass(frozen=True, slots=True)
class MariadbServer:
    """A server at work on 127.0.0.1, and its process."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str = "", *, user: str = "root", password: str = PASSWORD) -> str:
        return f"mysql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password=PASSWORD.encode(), database=database,
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip

    def execute(self, *statements: str, database: str | None = None) -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def find_mariadbd() -> Path | None:
    """Return the server's program, where there is one with the scripts that make its own tables."""
    for name in ("mariadbd", "mysqld"):
        found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
        if found and (_scripts(Path(found)) / _SCRIPTS[0]).exists():
            return Path(found)
    return None


@contextlib.contextmanager
def running_mariadb(program: Path, *, tls: tuple[Path, Path] | None = None) -> Iterator[MariadbServer]:
    """Start a server with nothing in it but root, whose password is PASSWORD; stop it and remove it afterwards.

    `tls`: files with the server's certificate and its key.
    """
    folder = Path(tempfile.mkdtemp(prefix="guanxi-mariadb-"))
    data = folder / "data"
    data.mkdir()
    options = []
    for option, file in zip(("ssl-cert", "ssl-key"), tls or (), strict=False):
        shutil.copy(file, folder / option)  # the server is another user, who may not see where they are
        options.append(f"--{option}={folder / option}")
    user = []
    if os.geteuid() == 0:  # it refuses to be root
        nobody = pwd.getpwnam("nobody")
        for each in (folder, *folder.iterdir()):
            os.chown(each, nobody.pw_uid, nobody.pw_gid)
        user = ["--user=nobody"]
    common = [str(program), "--no-defaults", *user, f"--datadir={data}", *_SMALL]
    try:
        text = "create database mysql;\nuse mysql;\n" + "".join(
            (_scripts(program) / name).read_text(encoding="utf-8") for name in _SCRIPTS
        )
        subprocess.run([*common, "--bootstrap"], input=text.encode(), capture_output=True, check=True)
        port = free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*common, "--bind-address=127.0.0.1", f"--port={port}", f"--socket={data / 'socket'}",
                 f"--pid-file={data / 'pid'}", "--skip-log-bin", "--skip-name-resolve", *options],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _set_password(port, process, folder / "log")
            yield MariadbServer(port, process)
        finally:
            process.terminate()
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scripts(program: Path) -> Path:
    return program.resolve().parents[1] / "share" / "mysql"


def _set_password(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with pymysql.connect(host="127.0.0.1", port=port, user="root", charset="utf8mb4") as connection:
                with connection.cursor() as cursor:
                    cursor.execute("set password for root@'127.0.0.1' = password(%s)", (PASSWORD,))
                return
        except pymysql.err.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mariadbd did not start: {log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.1)
