"""Walks that lose nothing: under faults, cut anywhere and gone on with, while the records change."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.api.connector import Connector, Page, Record, StateExpiredError
from tests.servers.framework import Fault, FaultKind, RunningServer
from tests.servers.fxiaoke import FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import Store
from tests.sources.fxiaoke.tenant import ACCOUNTS, COLUMNS, connect, filled, small_tenant

QUERY = "/data/query"
KINDS: list[FaultKind] = [
    "too_many_requests", "server_error", "cut_body", "no_json", "dropped", "repeated_page", "changing_total",
]  # fmt: skip
ONCE: list[FaultKind] = ["empty_page", "expired_token"]
faults = st.builds(
    lambda many, once: [Fault(kind, at=at, path=QUERY) for kind, at in [*many, *once]],
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 12)), max_size=3),
    st.lists(st.tuples(st.sampled_from(ONCE), st.integers(0, 12)), max_size=2, unique_by=lambda each: each[0]),
)
edits = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["insert", "update", "invalidate", "delete", "recover", "purge"]),
        st.integers(0, 99),
    ),
    max_size=6,
)
bin_edits = st.lists(st.sampled_from(["invalidate", "delete", "recover"]), max_size=9)


@contextmanager
def tenant(**switches: Any) -> Iterator[tuple[FxiaokeServer, RunningServer, Path]]:
    """A tenant's server, and a folder for its token."""
    server = FxiaokeServer(small_tenant(), **switches)
    with tempfile.TemporaryDirectory() as folder, serving_fxiaoke(server) as running:
        yield server, running, Path(folder)


def edit(store: Store, how: str, number: int) -> None:
    """Change something of the tenant, if there is something left to change."""
    store.go_on(0.25)
    keys = sorted(store.records["AccountObj"])
    if how == "insert":
        store.insert("AccountObj", name=f"neu {number}")
    elif keys:
        key = keys[number % len(keys)]
        if how == "update":
            store.update("AccountObj", key, name=f"anders {number}")
        else:
            getattr(store, how)("AccountObj", key)


class Warehouse:
    """What a reader keeps: the newest version of each key, and no key that is gone."""

    def __init__(self) -> None:
        self.known: dict[str, Record] = {}

    def upsert(self, pages: Iterator[Page]) -> datetime:
        told = [page for page in pages if [self.known.update({each.key: each}) for each in page.records] or True]
        assert told, "a walk tells at least when it was"
        assert told[0].asked_at is not None
        return told[0].asked_at

    def sweep(self, keys: set[str]) -> None:
        self.known = {key: record for key, record in self.known.items() if key in keys}


def keys_of(pages: Iterator[Page] | None) -> set[str]:
    assert pages is not None
    return {record.key for page in pages for record in page.records}


def cut(connector: Connector, url: str, folder: Path, store: Store, *, after: int, **told: Any) -> Iterator[Page]:
    """Yield a walk's pages: the first ones of one process, the others of another that knows the state only."""
    first = connector.records(ACCOUNTS, COLUMNS, since=None, state=None)
    state = None
    for number, page in enumerate(first):
        state = page.state
        yield page
        if number + 1 == after:
            break
    else:
        return
    other = connect(url, folder, store, **told)
    yield from other.records(ACCOUNTS, COLUMNS, since=None, state=state)
    other.close()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 15), faults, st.integers(1, 12), st.booleans())
def test_a_walk_gives_every_record_once_whatever_goes_wrong(
    count: int, size: int, script: list[Fault], after: int, counts: bool
) -> None:
    with tenant(counts_unasked=counts) as (server, running, folder):
        keys = filled(server.store, count)
        running.script.faults += script
        connector = connect(running.url, folder, server.store, page_size=size)
        pages = cut(connector, running.url, folder, server.store, after=after, page_size=size)
        seen = [record.key for page in pages for record in page.records]
        assert sorted(seen) == sorted(keys), "lost 0, doubled 0"
        connector.close()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), st.integers(1, 8), faults, edits, st.integers(1, 8), st.booleans())
def test_two_nights_and_a_sweep_make_the_warehouse_equal_to_a_tenant_that_changed_meanwhile(
    count: int, size: int, script: list[Fault], plan: list[tuple[int, str, int]], after: int, hides: bool
) -> None:
    with tenant(hides_gone=hides) as (server, running, folder):
        store = server.store
        filled(store, count)

        def happen(query: int) -> None:
            for at, how, which in plan:
                if at == query:
                    edit(store, how, which)

        server.before_query = happen
        running.script.faults += script
        connector = connect(running.url, folder, store, page_size=size)
        warehouse = Warehouse()

        began = warehouse.upsert(cut(connector, running.url, folder, store, after=after, page_size=size))
        for at, how, which in plan:
            if at >= server.query_count:
                edit(store, how, which)
        server.before_query = lambda _: None
        store.go_on(1800)
        warehouse.upsert(connector.records(ACCOUNTS, COLUMNS, since=began, state=None))
        gone = keys_of(connector.deleted(ACCOUNTS, since=began, state=None))
        assert gone & store.living("AccountObj") == set()
        warehouse.sweep(keys_of(connector.keys(ACCOUNTS, state=None)))

        fresh = Warehouse()
        fresh.upsert(connector.records(ACCOUNTS, COLUMNS, since=None, state=None))
        assert set(fresh.known) == store.living("AccountObj")
        assert warehouse.known == fresh.known
        connector.close()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 20), st.integers(1, 6), bin_edits, st.booleans(), st.booleans(), st.integers(1, 5))
def test_what_went_into_the_recycle_bin_is_told_by_key(
    count: int, size: int, plan: list[str], hides: bool, takes: bool, after: int
) -> None:
    with tenant(hides_gone=hides, takes_deleted=takes) as (server, running, folder):
        store = server.store
        keys = filled(store, count)
        early = keys[:2]
        for key in early:
            store.invalidate("AccountObj", key)
        store.go_on(3600)
        since = store.clock
        for number, how in enumerate(plan):
            if keys[2:]:
                getattr(store, how)("AccountObj", keys[2:][number % len(keys[2:])])
        connector = connect(running.url, folder, store, page_size=size)
        seen: set[str] = set()
        state = None
        for number, page in enumerate(connector.deleted(ACCOUNTS, since=since, state=None) or ()):
            seen |= {record.key for record in page.records}
            state = page.state
            if number + 1 == after:
                break
        other = connect(running.url, folder, store, page_size=size)
        seen |= keys_of(other.deleted(ACCOUNTS, since=since, state=state))
        assert seen == set(keys) - set(early) - store.living("AccountObj")
        connector.close()
        other.close()


@pytest.mark.parametrize("script", [[], ["empty_page"], ["repeated_page"], ["changing_total"]])
def test_a_total_of_nothing_ends_no_walk(script: list[FaultKind]) -> None:
    with tenant(counts_unasked=False) as (server, running, folder):
        keys = filled(server.store, 30)
        running.script.faults += [Fault(kind, at=2, path=QUERY) for kind in script]
        connector = connect(running.url, folder, server.store, page_size=10)
        assert keys_of(connector.keys(ACCOUNTS, state=None)) == set(keys)


def test_a_tenant_that_gives_fewer_than_asked_for_loses_nothing_in_silence_or_aloud() -> None:
    for caps_in_silence in (True, False):
        with tenant(most=100, caps_in_silence=caps_in_silence) as (server, running, folder):
            keys = filled(server.store, 350)
            connector = connect(running.url, folder, server.store)
            assert keys_of(connector.keys(ACCOUNTS, state=None)) == set(keys)
            assert server.query_count == 4 + 2 + (not caps_in_silence), "asked for a thousand once"


def test_more_than_ten_thousand_records_are_read() -> None:
    with tenant() as (server, running, folder):
        keys = filled(server.store, 12_345)
        connector = connect(running.url, folder, server.store)
        assert keys_of(connector.records(ACCOUNTS, ("_id",), since=None, state=None)) == set(keys)
        assert server.query_count == 13 + 2


def test_the_pace_of_an_interface_is_kept_before_the_tenant_has_to() -> None:
    with tenant() as (server, running, folder):
        filled(server.store, 250)
        began, at = server.store.clock, [time.monotonic()]

        def run(_: int) -> None:
            at.append(time.monotonic())
            server.store.go_on(at[-1] - at[-2])

        server.before_query = run
        connector = connect(running.url, folder, server.store, page_size=1)
        assert len(keys_of(connector.keys(ACCOUNTS, state=None))) == 250
        assert server.store.clock - began >= timedelta(seconds=40), "two hundred calls have to be twenty seconds old"
        assert connector.usage() == "255 calls, at most 100 in 20 s of each interface", "and none was refused"


def test_a_state_of_another_walk_or_of_a_later_moment_is_not_gone_on_with() -> None:
    with tenant() as (server, running, folder):
        filled(server.store, 9)
        now = server.store.clock
        connector = connect(running.url, folder, server.store, page_size=2)
        first = next(connector.records(ACCOUNTS, COLUMNS, since=now - timedelta(days=1), state=None))
        again = keys_of(connector.records(ACCOUNTS, COLUMNS, since=now - timedelta(hours=1), state=first.state))
        assert len(again | keys_of(iter([first]))) == 9, "a walk that began earlier covers a later moment"
        for since in (now - timedelta(days=2), None):
            with pytest.raises(StateExpiredError):
                next(connector.records(ACCOUNTS, COLUMNS, since=since, state=first.state))
        with pytest.raises(StateExpiredError):
            next(connector.keys(ACCOUNTS, state=first.state))
