"""A live system's nights, from its server to raw: what the server holds is what raw says, whatever went wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.api.http import Patience
from sources.loading.deletions import VanishedRowsError
from sources.mapping.reader import BadMappingError
from sources.tables import RenamedColumnError
from tests.servers.framework import Fault, FaultKind, serving
from tests.servers.odoo import OdooServer
from tests.sources.workshop import Workshop
from warehouse.ledger import NightRunningError

FIRST = date(2026, 2, 2)
FAULTS: list[FaultKind] = [
    "too_many_requests", "server_error", "cut_body", "no_json", "dropped", "repeated_page", "empty_page",
]  # fmt: skip


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


class Nights:
    """A workshop whose one source is an Odoo with companies in it; each night is the next day."""

    def __init__(self, workshop: Workshop, server: OdooServer, url: str) -> None:
        self.workshop, self.server, self.day = workshop, server, FIRST
        workshop.source = {
            "kind": "odoo",
            "path": None,
            "settings": {"base_url": url, "database": server.database, "page_size": 3},
            "datasets": {"partners": {"object": "res.partner"}},
            "entities": {"accounts": {"from": "partners", "fields": {"account_id": "id", "account_name": "name"}}},
        }
        secret = json.dumps({"api_key": server.key, "login": server.login})
        workshop.outside = {
            "environment": {"GUANXI_SOURCE_SHOP": secret},
            "allows_private": True,
            "patience": Patience(attempts=8),
            "sleep": lambda _: None,
        }

    def run(self, *, kill_after: int | None = None) -> Any:
        """Extract the day; with `kill_after`, die after so many pages were kept."""
        told = 0

        def tell(_: str) -> None:
            nonlocal told
            told += 1
            if told == kill_after:
                raise Killed

        self.workshop.tell = tell
        for wait in (0.1, 0.3, 1.0, 3.0, 0.0):
            try:
                return self.workshop.counts(self.day.isoformat())["accounts"]
            except NightRunningError:  # the server is still ending the session of what was killed
                if not wait:
                    raise
                time.sleep(wait)
        raise AssertionError("unreachable")

    def next_day(self) -> None:
        self.day += timedelta(days=1)
        self.server.store.seconds += 24 * 3600

    def raw(self) -> dict[str, str]:
        return dict(
            self.workshop.query(
                "select record_id, account_name from (select distinct on (record_id) * from raw.accounts"
                " order by record_id, known_at desc) as newest where not is_deleted"
            )
        )

    def held(self) -> dict[str, str]:
        return {str(row["id"]): row["name"] for row in self.server.store.rows["res.partner"].values()}


@pytest.fixture
def nights(workshop: Workshop) -> Iterator[Nights]:
    server = OdooServer()
    for number in range(10):
        server.store.insert("res.partner", name=f"Company {number}", is_company=True)
    with serving(server, server.script) as running:
        yield Nights(workshop, server, running.url)


def test_first_load_then_nothing_then_inserts_updates_and_deletes(nights: Nights) -> None:
    first = nights.run()
    assert (first.extracted, first.new, first.quarantined, first.deleted) == (10, 10, 0, 0)
    assert nights.raw() == nights.held()
    nights.next_day()
    second = nights.run()
    assert (second.new, second.changed, second.deleted) == (0, 0, 0)
    store = nights.server.store
    nights.next_day()
    store.insert("res.partner", name="Newcomer", is_company=True)
    store.update("res.partner", 3, name="Renamed")
    store.update("res.partner", 4, active=False)
    store.unlink("res.partner", 5)
    third = nights.run()
    assert (third.new, third.changed, third.deleted) == (1, 1, 1)
    assert nights.raw() == nights.held()


def test_a_day_that_runs_again_gives_the_same_rows(nights: Nights) -> None:
    nights.run()
    nights.next_day()
    nights.server.store.unlink("res.partner", 5)
    nights.server.store.update("res.partner", 2, name="Renamed")
    versions = "select record_id, known_at, content_hash, is_deleted from raw.accounts order by 1, 2"
    nights.run()
    once = nights.workshop.query(versions)
    nights.run()
    assert nights.workshop.query(versions) == once


def test_a_first_load_goes_on_where_it_was_killed(nights: Nights) -> None:
    with pytest.raises(Killed):
        nights.run(kill_after=2)
    assert nights.workshop.query("select page_count, record_count, is_done from ops.walks") == [(2, 6, False)]
    before = nights.server.script.count("search_read")
    assert nights.run().new == 10
    assert nights.server.script.count("search_read") - before <= 3
    assert nights.raw() == nights.held()
    assert nights.workshop.query("select 1 from ops.walks") == []
    assert nights.workshop.query("select 1 from pg_namespace where nspname = 'spool_shop'") == []


def test_a_first_load_that_goes_on_the_next_night_also_has_what_changed_meanwhile(nights: Nights) -> None:
    with pytest.raises(Killed):
        nights.run(kill_after=2)
    nights.next_day()
    nights.server.store.update("res.partner", 1, name="Renamed")
    nights.server.store.insert("res.partner", name="Newcomer", is_company=True)
    assert nights.run().new == 11
    assert nights.raw() == nights.held()


def test_a_change_during_the_walk_is_seen_that_night_or_the_next(nights: Nights) -> None:
    def change(_: str) -> None:
        nights.server.store.update("res.partner", 1, name="Changed while read")

    nights.workshop.tell = change
    nights.workshop.counts(nights.day.isoformat())
    nights.next_day()
    nights.run()
    assert nights.raw() == nights.held()


def test_half_of_the_records_gone_stop_the_source(nights: Nights) -> None:
    nights.run()
    nights.next_day()
    for number in range(1, 6):
        nights.server.store.unlink("res.partner", number)
    with pytest.raises(VanishedRowsError, match="5 of 10 records"):
        nights.run()
    assert len(nights.raw()) == 10


def test_a_renamed_field_is_named_with_its_new_name(nights: Nights) -> None:
    nights.run()
    nights.server.store.rename_field("res.partner", "name", "name_")
    nights.next_day()
    with pytest.raises(RenamedColumnError, match=r"name \(now name_\?\)"):
        nights.run()


def test_a_swept_entity_must_have_the_systems_own_key(nights: Nights) -> None:
    nights.workshop.source["entities"]["accounts"]["fields"]["account_id"] = "name"
    with pytest.raises(BadMappingError, match="a key made of name"):
        nights.run()


def test_another_mapping_does_not_go_on_with_what_was_read_for_the_old_one(nights: Nights) -> None:
    with pytest.raises(Killed):
        nights.run(kill_after=2)
    nights.workshop.source["entities"]["accounts"]["fields"]["region"] = "vat"
    assert nights.run().new == 10
    assert nights.raw() == nights.held()


@st.composite
def _night(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "inserts": draw(st.integers(0, 4)),
        "updates": draw(st.lists(st.integers(0, 20), max_size=4)),
        "deletes": draw(st.lists(st.integers(0, 20), max_size=2)),
        "page_size": draw(st.integers(1, 5)),
        "faults": draw(st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(0, 8)), max_size=4)),
        "kills": draw(st.lists(st.integers(1, 6), max_size=2)),
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(_night(), min_size=1, max_size=3))
def test_nothing_is_lost_or_doubled_under_faults_and_kills(nights: Nights, days: list[dict[str, Any]]) -> None:
    store = nights.server.store
    for day in days:
        nights.next_day()
        for _ in range(day["inserts"]):
            store.insert("res.partner", name=f"Company of {nights.day}", is_company=True)
        ids = sorted(store.rows["res.partner"])
        for place in day["updates"]:
            store.update("res.partner", ids[place % len(ids)], name=f"Renamed on {nights.day}")
        for place in day["deletes"]:
            if len(store.rows["res.partner"]) > 1:
                store.rows["res.partner"].pop(ids[place % len(ids)], None)
        nights.workshop.source["settings"]["page_size"] = day["page_size"]
        nights.server.script.faults = [Fault(kind, at, path="search") for kind, at in day["faults"]]
        for kill_after in day["kills"]:
            try:
                nights.run(kill_after=kill_after)
            except Killed:
                continue
        nights.server.script.faults = []
        nights.run()
        assert nights.raw() == nights.held()
    doubled = "select 1 from raw.accounts group by source, record_id, known_at having count(*) > 1"
    assert nights.workshop.query(doubled) == []
