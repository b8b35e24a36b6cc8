"""Connections that fail say why, and never with a password."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

from warehouse.database import Role, Warehouse, WarehouseUnreachableError, connect
from warehouse.embedded import free_port
from warehouse.house import with_database

CANARY = "c4n4ry-s3cr3t"


def _refused(url: str) -> WarehouseUnreachableError:
    with pytest.raises(WarehouseUnreachableError) as refused:
        connect(url)
    for text in (str(refused.value), repr(refused.value), str(refused.value.__cause__)):
        assert CANARY not in text
        assert (urlsplit(url).password or CANARY) not in text
    return refused.value


def test_a_port_where_nobody_listens_is_told() -> None:
    port = free_port()
    problem = _refused(f"postgresql://someone:{CANARY}@127.0.0.1:{port}/guanxi")
    assert problem.thing == f"PostgreSQL at 127.0.0.1:{port}, database guanxi"
    assert problem.seen == "nothing listens there (connection refused)"
    assert "GUANXI_WAREHOUSE_URL" in problem.next_step


def test_a_wrong_password_is_told(server_url: str) -> None:
    parts = urlsplit(server_url)
    problem = _refused(server_url.replace(str(parts.password), CANARY))
    assert problem.seen == "the password was refused"
    assert str(parts.username) in problem.expected


def test_an_unknown_database_is_told(server_url: str) -> None:
    problem = _refused(with_database(server_url, "no_such_database"))
    assert problem.seen == "the database or the user does not exist"
    assert "no_such_database" in problem.thing


def test_an_unknown_host_is_told() -> None:
    assert _refused(f"postgresql://u:{CANARY}@no-such-host.invalid/d").seen == "the host name is not known"


def test_an_option_that_is_none_is_told(server_url: str) -> None:
    assert "option" in _refused(f"{server_url}?colour={CANARY}").seen


@pytest.mark.parametrize("number", [90624, 140012, 190000])
def test_a_version_that_no_test_knows_is_refused(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    closed = []
    info = SimpleNamespace(server_version=number)
    fake = SimpleNamespace(info=info, close=lambda: closed.append(True))
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: fake)
    problem = _refused(f"postgresql://u:{CANARY}@h/d")
    assert problem.seen == f"version {number // 10000}"
    assert "15, 16, 17 or 18" in problem.expected
    assert closed == [True]


@pytest.mark.parametrize("number", [150000, 189999])
def test_a_version_that_tests_know_is_taken(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fake = SimpleNamespace(info=SimpleNamespace(server_version=number))
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: fake)
    assert connect("postgresql://h/d") is fake  # type: ignore[comparison-overlap]


def test_a_role_enters_the_database_of_the_administrator_with_the_options_of_its_url() -> None:
    warehouse = Warehouse(f"postgresql://admin:{CANARY}@[::1]:6543/my%20db?sslmode=require", "a secret")
    url = warehouse.url(Role.READER, driver="postgresql+psycopg2", application_name="a b")
    parts = urlsplit(url)
    assert (warehouse.database, parts.scheme) == ("my db", "postgresql+psycopg2")
    assert (parts.hostname, parts.port, parts.path) == ("::1", 6543, "/my%20db")
    assert parts.query == "sslmode=require&application_name=a%20b"
    assert (parts.username, parts.password) == ("guanxi_reader", warehouse.password("guanxi_reader"))
    assert CANARY not in url


def test_passwords_differ_by_role_and_by_secret() -> None:
    first, second = (Warehouse("postgresql://h/d", secret) for secret in ("one", "two"))
    passwords = [house.password(role) for house in (first, second) for role in Role]
    assert len(set(passwords)) == 2 * len(Role)
    assert first.password(Role.READER) == Warehouse("postgresql://elsewhere/e", "one").password(Role.READER)


def test_a_connection_is_in_utc_and_in_a_transaction(core: Warehouse) -> None:
    with core.connect(Role.CHECKER, application_name="the test") as connection:
        assert connection.autocommit is False
        assert connection.execute(
            "select current_setting('timezone'), current_setting('application_name'), current_user"
        ).fetchone() == ("UTC", "the test", "guanxi_checker")
