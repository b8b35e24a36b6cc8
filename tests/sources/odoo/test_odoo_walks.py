"""Everything is read once and nothing is lost, whatever the pages do and wherever a walk is cut."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.api.connector import Page
from tests.servers.framework import Fault, FaultKind, Script, serving
from tests.servers.odoo import OdooServer
from tests.sources.odoo.desk import HISTORY, PARTNERS, Desk

_ANY_DOOR: list[FaultKind] = [
    "too_many_requests", "server_error", "cut_body", "no_json", "dropped", "repeated_page", "empty_page",
    "changing_total",
]  # fmt: skip
Walk = Literal["records", "keys"]


@st.composite
def _faults(draw: st.DrawFn, *, has_login: bool) -> list[Fault]:
    """Up to five faults, and one refused login: two of one request are a password that was changed."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(_ANY_DOOR), st.integers(0, 12)), max_size=5))
    refused = draw(st.lists(st.integers(0, 12), max_size=1 if has_login else 0))
    return [Fault(kind, at) for kind, at in drawn] + [Fault("expired_token", at) for at in refused]


def _pages(desk: Desk, walk: Walk, size: int, cuts: list[int]) -> list[Page]:
    """Walk with a new connector after each cut: the state goes through JSON, as it would between processes."""
    state, read = None, []
    for cut in [*cuts, None]:
        connector = desk.connector(page_size=size, door="json2" if desk.server.version == 19 else "jsonrpc")
        pages = (
            connector.records(PARTNERS, ("name",), since=None, state=state)
            if walk == "records"
            else connector.keys(PARTNERS, state=state)
        )
        taken = list(islice(pages, cut))
        read += taken
        state = json.loads(json.dumps(taken[-1].state)) if taken else state
        connector.close()
    return read


@pytest.mark.parametrize("version", [19, 17])
@pytest.mark.parametrize("walk", ["records", "keys"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_key_is_lost_or_doubled_under_faults_and_cuts(
    version: int, walk: Walk, tmp_path: Path, data: st.DataObject
) -> None:
    count, size = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 6))
    gaps = data.draw(st.sets(st.integers(1, 30), max_size=8))
    cuts = data.draw(st.lists(st.integers(0, 3), max_size=3))
    server = OdooServer(version=version, script=Script(data.draw(_faults(has_login=version < 19))))
    for number in range(1, count + 1):
        server.store.insert("res.partner", id=number, name=f"P{number}", active=number % 5 > 0)
    for number in gaps:
        server.store.rows.get("res.partner", {}).pop(number, None)
    with serving(server, server.script) as running:
        pages = _pages(Desk(server, running.url, tmp_path), walk, size, cuts)
    keys = [int(record.key) for page in pages for record in page.records]
    assert keys == sorted(server.store.rows.get("res.partner", {}))
    assert [page.state["after"] for page in pages] == sorted(page.state["after"] for page in pages)


def test_a_record_deleted_between_its_id_and_its_row_is_left_out(desk: Desk) -> None:
    pages = desk.connector(page_size=1, concurrency=1).records(PARTNERS, ("name",), since=None, state=None)
    first = next(pages)
    desk.server.store.unlink("res.partner", 4)
    keys = [record.key for page in [first, *pages] for record in page.records]
    assert keys in (["1", "2", "3"], ["1", "2", "3", "4"])  # its page may have been asked for already
    assert desk.connector().count(PARTNERS) == 3


def test_a_record_made_during_a_walk_is_in_the_next_one(desk: Desk) -> None:
    pages = desk.connector(page_size=1).records(PARTNERS, ("name",), since=None, state=None)
    first = next(pages)
    desk.server.store.seconds += 60
    desk.server.store.insert("res.partner", name="Late")
    later = [page.asked_at for page in pages]
    assert set(later) == {first.asked_at}, "what the ids were asked at, whenever the rows come"
    assert [record.key for record in desk.read(PARTNERS, "name", since=first.asked_at)][-1:] == ["5"]


def test_a_page_of_another_walk_is_found_out(desk: Desk) -> None:
    """In order and after the last id, so only the count can tell."""
    desk.server.store.seconds = 60
    desk.server.store.update("res.partner", 4, vat="X")
    connector = desk.connector()
    list(connector.records(PARTNERS, ("name",), since=desk.server.store.now, state=None))
    desk.server.script.faults = [Fault("repeated_page")]
    assert [record.key for page in connector.keys(PARTNERS, state=None) for record in page.records] == list("1234")
    assert [fault.kind for fault in desk.server.script.shown] == ["repeated_page"]


def test_a_walk_that_goes_on_keeps_the_moment_it_began_with(desk: Desk) -> None:
    desk.server.store.seconds = 60
    for number in (1, 2, 3):
        desk.server.store.update("res.partner", number, vat="X")
    since = desk.server.store.now
    first = next(desk.connector(page_size=1).records(PARTNERS, ("vat",), since=since, state=None))
    rest = desk.connector(page_size=1).records(PARTNERS, ("vat",), since=None, state=first.state)
    assert [record.key for page in [first, *rest] for record in page.records] == ["1", "2", "3"]


def test_history_is_read_whole_under_faults(desk: Desk) -> None:
    store = desk.server.store
    field = store.insert("ir.model.fields", name="stage_id", model="crm.lead", ttype="many2one")
    for number in range(11):
        message = store.insert("mail.message", model="crm.lead", res_id=number + 1, date="2026-01-04 07:30:00")
        store.insert("mail.tracking.value", field_id=field, mail_message_id=message, new_value_char="Won")
    kinds: list[FaultKind] = ["empty_page", "repeated_page", "cut_body", "server_error", "empty_page"]
    desk.server.script.faults = [Fault(kind, at) for at, kind in enumerate(kinds, start=2)]
    records = desk.read(HISTORY, "record_id", page_size=3)
    assert [record.values["record_id"] for record in records] == [str(number + 1) for number in range(11)]
    assert {record.values["field"] for record in records} == {"stage_id"}


def test_a_page_tells_the_servers_own_clock(desk: Desk) -> None:
    desk.server.store.seconds = 90
    (page,) = desk.connector().records(PARTNERS, ("name",), since=None, state=None)
    assert page.asked_at == desk.server.store.now
    assert page.state == {"after": 4, "since": None}
