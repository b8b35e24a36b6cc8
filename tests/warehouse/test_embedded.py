"""The embedded server: shared by leases, left behind by a kill, kept out by ports and owners."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.warehouse.nights import one
from warehouse.embedded import ADMIN, EmbeddedServer, EmbeddedServerError, free_port, port_is_taken

pytestmark = pytest.mark.xdist_group("own server")

_HOLD = """
import sys
from pathlib import Path
from warehouse.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])).leased() as url:
    print("leased", flush=True)
    sys.stdin.read()
"""


def _holder(server: EmbeddedServer) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(server.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "leased\n"
    return process


def _backend(url: str) -> object:
    with psycopg.connect(url) as connection:
        return one(connection.execute("select pg_postmaster_start_time()").fetchone())[0]


def test_leases_side_by_side_share_one_server_and_the_last_stops_it(own_server: EmbeddedServer) -> None:
    with _holder(own_server) as holder:
        with own_server.leased() as url, own_server.leased() as same:
            assert url == same
            started = _backend(url)
        assert own_server.is_running(), "another process still holds a lease"
        assert _backend(url) == started
        holder.communicate()
    assert holder.returncode == 0
    assert not own_server.is_running()
    assert not port_is_taken(own_server.used_port)


def test_the_server_left_by_a_killed_lease_is_used_and_stopped_by_the_next(own_server: EmbeddedServer) -> None:
    with _holder(own_server) as holder:
        started = _backend(own_server.url)
        holder.send_signal(signal.SIGKILL)
    assert own_server.is_running()
    with own_server.leased() as url:
        assert _backend(url) == started
    assert not own_server.is_running()


def test_a_stop_when_nothing_runs_is_harmless(own_server: EmbeddedServer) -> None:
    own_server.stop()
    assert not own_server.is_running()


def test_it_listens_on_loopback_only_and_wants_its_password(own_server: EmbeddedServer) -> None:
    with own_server.leased() as url, psycopg.connect(url) as connection:
        shown = {
            name: one(connection.execute(f"show {name}".encode()).fetchone())[0]
            for name in ("listen_addresses", "unix_socket_directories", "password_encryption")
        }
        assert shown == {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "password_encryption": "scram-sha-256",
        }  # fmt: skip
        assert one(connection.execute("select host(inet_client_addr())").fetchone()) == ("127.0.0.1",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(
                host="127.0.0.1", port=own_server.used_port, user=ADMIN, password="guess", dbname="postgres"
            )
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="/tmp", port=own_server.used_port, user=ADMIN, dbname="postgres")
    password = own_server.folder / "password"
    assert password.stat().st_mode & 0o077 == 0
    assert own_server.data.stat().st_mode & 0o077 == 0


def test_a_taken_port_that_was_asked_for_is_told_with_a_way_out(own_server: EmbeddedServer) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedServerError) as taken, EmbeddedServer(own_server.folder, port=port).leased():
            pytest.fail("it must not start")
    assert str(port) in taken.value.thing
    assert "another program" in taken.value.seen
    assert "GUANXI_POSTGRES_PORT" in taken.value.next_step
    with own_server.leased() as url:
        _backend(url)


def test_a_taken_port_that_nobody_asked_for_is_replaced(own_server: EmbeddedServer) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (own_server.folder / "port").write_text(str(other.getsockname()[1]), encoding="utf-8")
        with own_server.leased() as url:
            assert own_server.used_port != other.getsockname()[1]
            _backend(url)


def test_a_port_that_was_asked_for_is_used(own_server: EmbeddedServer) -> None:
    port = free_port()
    with EmbeddedServer(own_server.folder, port=port).leased() as url:
        assert f"@127.0.0.1:{port}/" in url
        _backend(url)


def test_data_of_another_user_are_told_with_both_names(own_server: EmbeddedServer) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    owner = own_server.data.stat()
    os.chown(own_server.data, 65534 if owner.st_uid != 65534 else 1, -1)
    try:
        with pytest.raises(EmbeddedServerError) as wrong, own_server.leased():
            pytest.fail("it must not start")
    finally:
        os.chown(own_server.data, owner.st_uid, owner.st_gid)
    assert "belong to user" in wrong.value.seen
    assert str(own_server.folder) in wrong.value.thing
    with own_server.leased() as url:
        _backend(url)


def test_a_server_that_cannot_start_tells_its_last_word(own_server: EmbeddedServer) -> None:
    wrong = EmbeddedServer(own_server.folder, options=(("shared_buffers", "much"),))
    with pytest.raises(EmbeddedServerError, match="shared_buffers") as told, wrong.leased():
        pytest.fail("it must not start")
    assert str(own_server.log) in told.value.next_step


def test_an_unknown_system_user_is_told(own_server: EmbeddedServer) -> None:
    if os.geteuid() != 0:
        pytest.skip("an ordinary user runs the server as itself")
    wrong = EmbeddedServer(own_server.folder, system_user="nobody-of-that-name")
    with pytest.raises(EmbeddedServerError, match="GUANXI_POSTGRES_USER"), wrong.leased():
        pytest.fail("it must not start")


def test_a_folder_that_the_system_user_cannot_enter_is_told(own_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("an ordinary user runs the server as itself")
    closed = own_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match="may not enter"), EmbeddedServer(closed / "postgres").leased():
        pytest.fail("it must not start")


def test_what_a_cut_short_initdb_left_is_made_anew(own_folder: Path) -> None:
    server = EmbeddedServer(own_folder / "cut short", options=(("fsync", "off"), ("shared_buffers", "32MB")))
    server.data.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(server.data, (own_folder / "postgres" / "data").stat().st_uid, -1)
    (server.data / "PG_VERSION").write_text("18", encoding="utf-8")
    with server.leased() as url:
        _backend(url)
    assert not server.is_running()
