"""Nothing is lost, whatever the pages' size, whatever goes wrong, and wherever a walk is broken off."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.api.connector import Connector, Page, State
from tests.servers.framework import Fault, FaultKind, Script, serving
from tests.servers.zoho_crm import ZohoLimits, ZohoServer
from tests.sources.zoho_crm.visits import Visitor, dataset, read_in_visits

KINDS = (
    "too_many_requests", "server_error", "slow", "cut_body", "no_json", "dropped",
    "repeated_page", "empty_page", "changing_total", "expired_token", "expired_page_token",
)  # fmt: skip


def is_bearable(faults: list[Fault]) -> bool:
    """Three empty pages in a row are believed, and a token that is refused twice in one request is no token."""
    kinds = [fault.kind for fault in faults]
    return kinds.count("empty_page") < 3 and kinds.count("expired_token") < 2


FAULTS = st.lists(
    st.builds(Fault, kind=st.sampled_from(KINDS), at=st.integers(0, 6), path=st.just("/crm/"), seconds=st.just(0.01)),
    max_size=5,
).filter(is_bearable)
LENGTHS = st.lists(st.integers(1, 3), max_size=4)
SETTINGS = settings(max_examples=20, deadline=None)


@contextmanager
def visiting(faults: list[Fault], **more: Any) -> Iterator[tuple[ZohoServer, Visitor]]:
    server = ZohoServer(script=Script(list(faults)), **more)
    with tempfile.TemporaryDirectory() as folder, serving(server, server.script) as running:
        yield server, Visitor(running.url, Path(folder) / "tokens")


def records_of(name: str, *columns: str) -> Any:
    def walk(connector: Connector, state: State | None) -> Iterator[Page]:
        return connector.records(dataset(name), columns, since=None, state=state)

    return walk


@SETTINGS
@given(FAULTS, LENGTHS, st.integers(1, 7), st.integers(0, 23))
def test_pages_lose_no_lead_and_no_converted_one(
    faults: list[Fault], lengths: list[int], size: int, count: int
) -> None:
    with visiting(faults) as (server, visitor):
        keys = [server.store.insert("Leads", Last_Name=f"n{n}", Company="Acme") for n in range(count)]
        for key in keys[::3]:
            server.store.convert(key)
        walk = records_of("Leads", "id", "Last_Name", "Owner.name")

        records, _ = read_in_visits(lambda: visitor.open(page_size=size), walk, lengths)

        assert {record.key for record in records} == set(keys)
        assert {record.key: record.values["Last_Name"] for record in records} == {
            key: f"n{number}" for number, key in enumerate(keys)
        }


@SETTINGS
@given(FAULTS, LENGTHS, st.integers(1, 7), st.integers(1, 4), st.integers(0, 40))
def test_queries_lose_no_account_with_several_under_way(
    faults: list[Fault], lengths: list[int], size: int, concurrency: int, count: int
) -> None:
    with visiting(faults) as (server, visitor):
        keys = [server.store.insert("Accounts", Account_Name=f"n{n}") for n in range(count)]

        records, _ = read_in_visits(
            lambda: visitor.open(walk="coql", query_size=size, concurrency=concurrency),
            records_of("Accounts", "id", "Account_Name", "Owner.id"),
            lengths,
        )

        assert {record.key for record in records} == set(keys)
        assert server.script.count("/coql") > 0


@SETTINGS
@given(FAULTS, LENGTHS, st.integers(1, 7), st.integers(1, 9), st.integers(0, 3))
def test_exports_lose_nothing_that_they_leave_out(
    faults: list[Fault], lengths: list[int], size: int, file_size: int, orphan_count: int
) -> None:
    limits = ZohoLimits(export_rows=file_size, downloads_a_minute=1000)
    with visiting(faults, limits=limits, orphan_count=orphan_count) as (server, visitor):
        keys = [server.store.insert("Deals", Deal_Name=f"n{n}", Amount=n / 4, Probability=n) for n in range(17)]

        records, _ = read_in_visits(
            lambda: visitor.open(first_load="bulk", query_size=size),
            records_of("Deals", "id", "Deal_Name", "Amount", "Probability", "Account_Name.id"),
            lengths,
        )

        values = {record.key: (record.values["Amount"], record.values["Probability"]) for record in records}
        assert values == {key: (number / 4, number) for number, key in enumerate(keys)}


@SETTINGS
@given(FAULTS, LENGTHS, st.sampled_from(["pages", "coql"]), st.integers(1, 5))
def test_lines_are_read_each_with_its_record(faults: list[Fault], lengths: list[int], way: str, size: int) -> None:
    with visiting(faults) as (server, visitor):
        expected: dict[str, tuple[str, float]] = {}
        for number in range(7):
            lines = [{"Quantity": float(line)} for line in range(number % 4)]
            order = server.store.insert("Sales_Orders", Subject=f"SO-{number}", Ordered_Items=lines)
            expected |= {row["id"]: (order, row["Quantity"]) for row in server.store.lines_of("Ordered_Items", order)}

        records, _ = read_in_visits(
            lambda: visitor.open(walk=way, page_size=size, query_size=size),
            records_of("Sales_Orders.Ordered_Items", "id", "Quantity", "parent.id"),
            lengths,
        )

        assert {each.key: (each.values["parent"]["id"], each.values["Quantity"]) for each in records} == expected


@SETTINGS
@given(FAULTS, LENGTHS, st.sampled_from(["Leads", "Accounts"]), st.integers(1, 7))
def test_a_sweep_sees_every_key(faults: list[Fault], lengths: list[int], name: str, size: int) -> None:
    with visiting(faults) as (server, visitor):
        keys = [server.store.insert(name) for _ in range(19)]
        if name == "Leads":
            server.store.convert(keys[4])

        records, _ = read_in_visits(
            lambda: visitor.open(page_size=size, query_size=size),
            lambda connector, state: connector.keys(dataset(name), state=state),
            lengths,
        )

        assert {record.key for record in records} == set(keys)
        assert all(not record.values for record in records)


@SETTINGS
@given(FAULTS, LENGTHS, st.integers(1, 7))
def test_the_feed_tells_every_deletion(faults: list[Fault], lengths: list[int], size: int) -> None:
    with visiting(faults) as (server, visitor):
        keys = [server.store.insert("Accounts") for _ in range(20)]
        server.store.delete("Accounts", keys[0])
        server.store.now += timedelta(hours=1)
        since = server.store.now
        for key in keys[1:15]:
            server.store.delete("Accounts", key, kind="permanent" if key.endswith("7") else "recycle")

        records, _ = read_in_visits(
            lambda: visitor.open(page_size=size),
            lambda connector, state: connector.deleted(dataset("Accounts"), since=since, state=state),
            lengths,
        )

        assert {record.key for record in records} == set(keys[1:15])


@pytest.mark.parametrize("counts_rows", [True, False])
@pytest.mark.parametrize("begin", [0, 3])
def test_a_deletion_while_pages_are_read_moves_no_record_out_of_sight(*, counts_rows: bool, begin: int) -> None:
    with visiting([], counts_rows=counts_rows) as (server, visitor):
        keys = [server.store.insert("Leads") for _ in range(20)]
        gone: list[str] = []

        def delete_one() -> None:
            if begin <= server.script.count("/Leads") < begin + 3:
                gone.append(keys[len(gone)])
                server.store.delete("Leads", gone[-1])

        server.on_page = delete_one
        records, _ = read_in_visits(lambda: visitor.open(page_size=4), records_of("Leads", "Last_Name"), [])

        assert gone
        assert {record.key for record in records} >= set(keys) - set(gone)


def test_records_that_are_edited_while_pages_are_read_are_not_lost() -> None:
    with visiting([], counts_rows=True) as (server, visitor):
        keys = [server.store.insert("Leads", Last_Name="old") for _ in range(20)]
        since = server.store.now - timedelta(seconds=9)

        def edit_one() -> None:
            server.store.update("Leads", keys[server.script.count("/Leads")], Last_Name="new")

        server.on_page = edit_one

        def walk(connector: Connector, state: State | None) -> Iterator[Page]:
            return connector.records(dataset("Leads"), ("Last_Name",), since=since, state=state)

        records, _ = read_in_visits(lambda: visitor.open(page_size=3), walk, [])
        assert {record.key for record in records} >= set(keys[10:])


def test_accounts_that_come_while_ranges_are_read_are_among_them() -> None:
    with visiting([]) as (server, visitor):
        keys = [server.store.insert("Accounts") for _ in range(30)]
        server.on_page = lambda: keys.append(server.store.insert("Accounts")) if len(keys) < 36 else None

        records, _ = read_in_visits(
            lambda: visitor.open(walk="coql", query_size=3), records_of("Accounts", "Account_Name"), []
        )
        assert {record.key for record in records} == set(keys)
        assert len(records) == len(keys)


@pytest.mark.parametrize("kind", ["repeated_page", "empty_page", "changing_total"])
@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(("name", "path"), [("Leads", "/Leads"), ("Accounts", "/coql")])
def test_each_page_may_be_the_false_one(kind: FaultKind, at: int, name: str, path: str) -> None:
    with visiting([Fault(kind, at=at, path=path)]) as (server, visitor):
        keys = [server.store.insert(name) for _ in range(10)]
        open_one = lambda: visitor.open(walk="coql", page_size=3, query_size=3, concurrency=1)  # noqa: E731
        records, _ = read_in_visits(open_one, records_of(name, "Phone"), [])
        assert sorted(record.key for record in records) == keys
