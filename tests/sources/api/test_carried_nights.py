"""A live system that falls silent in the middle of a night, wherever that is, and comes back the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.api.http import Patience
from tests.servers.framework import Fault, serving
from tests.servers.odoo import OdooServer
from tests.sources.workshop import Workshop
from warehouse.database import Warehouse

ATTEMPTS = 3
DAY = 24 * 3600


@pytest.fixture
def server() -> OdooServer:
    server = OdooServer()
    for number in range(25):
        server.store.insert("res.partner", name=f"Company {number}", is_company=True)
    return server


@pytest.fixture
def pair(
    workshop: Workshop, other_warehouse: Warehouse, tmp_path: Path, server: OdooServer
) -> Iterator[tuple[Workshop, Workshop]]:
    """Two companies that read the same server, each into a warehouse of its own."""
    (tmp_path / "twin").mkdir()
    pair = (workshop, Workshop(other_warehouse, tmp_path / "twin"))
    with serving(server, server.script) as running:
        for each in pair:
            each.source = {
                "kind": "odoo",
                "path": None,
                "settings": {"base_url": running.url, "database": server.database, "page_size": 3},
                "datasets": {"partners": {"object": "res.partner"}},
                "entities": {"accounts": {"from": "partners", "fields": {"account_id": "id", "account_name": "name"}}},
            }
            each.outside = {
                "environment": {"GUANXI_SOURCE_SHOP": json.dumps({"api_key": server.key, "login": server.login})},
                "allows_private": True,
                "patience": Patience(attempts=ATTEMPTS),
                "sleep": lambda _: None,
            }
        yield pair


def _accounts(workshop: Workshop) -> list[tuple[Any, ...]]:
    return workshop.query("select to_jsonb(t) - 'gen' from raw.accounts as t order by record_id, known_at")


@pytest.mark.parametrize("request_number", [0, 1, 2, 4, 9, 12])
def test_what_a_silent_night_left_half_read_is_whole_after_the_next(
    pair: tuple[Workshop, Workshop], server: OdooServer, request_number: int
) -> None:
    carried, untroubled = pair
    for each in pair:
        each.extract("2026-02-02")
    server.store.seconds += DAY
    for number in range(1, 13):
        server.store.update("res.partner", number, name=f"Renamed {number}")
    server.store.unlink("res.partner", 20)
    server.script.faults = [Fault("server_error", request_number) for _ in range(99)]
    report = carried.extract("2026-02-03", is_last_try=True)
    assert report.carried is not None
    server.script.faults = []
    server.store.seconds += DAY
    server.store.update("res.partner", 2, name="Renamed again")
    server.store.insert("res.partner", name="Newcomer", is_company=True)
    for each in pair:
        each.extract("2026-02-04", is_last_try=True)
    assert _accounts(carried) == _accounts(untroubled)
    newest = "select record_id, account_name from raw.accounts where known_at > '2026-02-04' and not is_deleted"
    assert ("2", "Renamed again") in carried.query(newest)
    assert len(carried.query(newest)) == 13
    assert carried.query("select record_id from raw.accounts where is_deleted") == [("20",)]
    assert carried.query("select 1 from ops.walks") == []


def test_credentials_that_are_refused_are_no_reason_to_stop_a_night(
    pair: tuple[Workshop, Workshop], server: OdooServer
) -> None:
    shop, _ = pair
    shop.extract("2026-02-02")
    old, server.key = server.key, "another key"
    lines = "\n".join(shop.extract("2026-02-03", is_last_try=True).lines())
    assert "1 day stale" in lines
    assert "refused" in lines
    assert old not in lines
