"""Connections that are used again are as good as new ones, and never two users' at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest

from warehouse.kept_connections import KeptConnections


@pytest.fixture
def kept() -> Iterator[KeptConnections]:
    kept = KeptConnections()
    yield kept
    kept.end()


def ask(connection: psycopg2.extensions.connection, query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def test_what_was_closed_is_handed_out_again_with_nothing_of_its_session(
    kept: KeptConnections, server_url: str
) -> None:
    first = kept.connect(dsn=server_url)
    backend = ask(first, "select pg_backend_pid()")
    usual = ask(first, "show work_mem")
    with first.cursor() as cursor:
        cursor.execute("set work_mem = '77MB'; create temporary table t as select 1; set search_path = nowhere")
    first.commit()
    with first.cursor() as cursor, pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute("select 1 / 0")
    first.close()
    again = kept.connect(dsn=server_url)
    assert ask(again, "select pg_backend_pid()") == backend
    assert ask(again, "show work_mem") == usual
    assert ask(again, "select to_regclass('t') is null and current_setting('search_path') <> 'nowhere'")
    assert not again.autocommit
    again.close()


def test_one_that_is_in_use_is_nobody_else_s(kept: KeptConnections, server_url: str) -> None:
    in_use: set[int] = set()
    shared: list[int] = []

    def use(_: int) -> int:
        connection = kept.connect(dsn=server_url)
        backend = int(ask(connection, "select pg_backend_pid()"))
        if backend in in_use:
            shared.append(backend)
        in_use.add(backend)
        ask(connection, "select pg_sleep(0.005) is not null")
        in_use.discard(backend)
        connection.close()
        return backend

    with ThreadPoolExecutor(4) as people:
        used = list(people.map(use, range(60)))
    assert shared == []
    assert len(set(used)) <= 4


def test_one_whose_server_ended_it_is_not_handed_out(kept: KeptConnections, server_url: str) -> None:
    ended = kept.connect(dsn=server_url)
    backend = ask(ended, "select pg_backend_pid()")
    with psycopg2.connect(server_url) as other:
        ask(other, f"select pg_terminate_backend({backend}, 5000)")
    ended.close()
    assert ended.closed
    fresh = kept.connect(dsn=server_url)
    assert ask(fresh, "select pg_backend_pid()") != backend
    fresh.close()


def test_those_who_connect_otherwise_get_others_and_the_end_closes_all(kept: KeptConnections, server_url: str) -> None:
    one = kept.connect(dsn=server_url, application_name="one")
    one.close()
    two = kept.connect(dsn=server_url, application_name="two")
    assert ask(two, "show application_name") == "two"
    two.close()
    kept.end()
    assert one.closed
    assert two.closed
