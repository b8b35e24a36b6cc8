"""Starts a real Tryton on a free port of 127.0.0.1, with the company of company.sql.gz in a database of its own.

Tryton is GPL-3, so it lives in an environment of its own, made from requirements.lock beside our own environment the
first time it is wanted; nothing of ours imports it, and nothing that is shipped has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.tryton.make_company import ADMIN_PASSWORD, DUMP, READER, READER_PASSWORD
from warehouse.embedded import binaries, free_port
from warehouse.house import with_database

LOCK = Path(__file__).with_name("requirements.lock")
ADMIN = "admin"
__all__ = ["ADMIN", "ADMIN_PASSWORD", "READER", "READER_PASSWORD", "NoTrytonError", "running_tryton", "tryton_programs"]


class NoTrytonError(Exception):
    """Tryton could not be installed here."""


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """A server at work: `url` without a slash at its end, and the database behind it for those who look into it."""

    url: str
    database: str
    database_url: str


def tryton_programs() -> Path:
    """Return the folder of Tryton's programs, installing it where it is not yet. Raises NoTrytonError."""
    mark = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    folder = Path(sys.prefix) / f"tryton-{mark}"
    uv = str(Path(sys.prefix) / "bin" / "uv")
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".ready").exists():
            python = ["--python", str(folder / "bin" / "python")]
            steps = (
                [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
                [uv, "pip", "sync", "--quiet", "--require-hashes", "--only-binary", ":all:", *python, str(LOCK)],
            )
            for step in steps:
                done = subprocess.run(step, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise NoTrytonError(f"Tryton cannot be installed from {LOCK.name}: {done.stderr[-400:]}")
            (folder / ".ready").touch()
    return folder / "bin"


@contextlib.contextmanager
def running_tryton(programs: Path, server_url: str) -> Iterator[TrytonServer]:
    """Restore the company into a database of the PostgreSQL at `server_url`, serve it, and remove it afterwards."""
    database = f"tryton_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(database)))
    database_url = with_database(server_url, database)
    try:
        _restore(database_url)
        with tempfile.TemporaryDirectory(prefix="guanxi-tryton-") as folder:
            yield from _served(programs, Path(folder), database, database_url)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))


def _restore(database_url: str) -> None:
    quiet = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"]
    subprocess.run(
        [str(binaries() / "psql"), *quiet, database_url],
        input=gzip.decompress(DUMP.read_bytes()), check=True, capture_output=True,
    )  # fmt: skip


def _served(programs: Path, folder: Path, database: str, database_url: str) -> Iterator[TrytonServer]:
    port = free_port()
    uri = database_url.rpartition("/")[0] + "/"
    file = folder / "trytond.conf"
    file.write_text(f"[database]\nuri = {uri}\n[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRYTOND")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs / "trytond"), "-c", str(file), "-d", database], stdout=log, stderr=log, env=environment
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, folder / "log")
        yield TrytonServer(url, database, database_url)
    finally:
        process.kill()  # it would wait for what it has open, and its database goes with it
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; it listens only once it has read its models."""
    deadline = time.monotonic() + 120
    while True:
        asked = urllib.request.Request(f"{url}/", method="OPTIONS")
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(asked, timeout=30):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"trytond did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
