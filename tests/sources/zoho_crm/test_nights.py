"""Nights of a company on Zoho CRM: raw says what the CRM holds, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from sources.api.http import Patience
from tests.servers.framework import Fault, serving
from tests.servers.zoho_crm import ZohoServer
from tests.servers.zoho_store import ZohoStore
from tests.sources.workshop import Workshop
from tests.sources.zoho_crm.visits import CREDENTIALS

NEWEST = (
    "(select distinct on (record_id) * from raw.{} order by record_id, known_at desc) as newest where not is_deleted"
)
SETTINGS: list[dict[str, Any]] = [
    {"walk": "pages"},
    {"walk": "coql", "concurrency": 3},
    {"first_load": "bulk"},
]


@dataclass
class Nights:
    """A workshop whose one source is a Zoho CRM; each night is the next day."""

    workshop: Workshop
    server: ZohoServer
    day: date = date(2026, 3, 31)

    @property
    def store(self) -> ZohoStore:
        return self.server.store

    def settle(self, url: str, **settings: Any) -> None:
        given = {"data_centre": "cn", "base_address": url, "keep_credits": 0, "page_size": 3, "query_size": 4}
        self.workshop.source = {
            "kind": "zoho_crm",
            "path": None,
            "vanish_limit": 0.5,
            "settings": given | settings,
            "datasets": {
                "accounts": {"object": "Accounts"},
                "leads": {"object": "Leads"},
                "orders": {"object": "Sales_Orders"},
                "lines": {"object": "Sales_Orders.Ordered_Items"},
                "stages": {"object": "Deals.Stage_History", "sweep": False},
                "people": {"object": "users"},
            },
            "entities": {
                "accounts": {"from": "accounts", "fields": {"account_id": "id", "account_name": "Account_Name"}},
                "opportunities": {
                    "from": "leads",
                    "fields": {"opportunity_id": "id", "opportunity_name": "Company", "stage": "Lead_Status"},
                },
                "orders": {
                    "from": "orders",
                    "fields": {"order_id": "id", "account_id": "Account_Name.id", "ordered_at": "Created_Time"},
                },
                "order_lines": {
                    "from": "lines",
                    "fields": {
                        "order_line_id": "id", "order_id": "parent.id", "quantity": "Quantity",
                        "net_amount": "Net_Total", "line_kind": {"value": "product"},
                    },
                },
                "opportunity_stages": {
                    "from": "stages",
                    "fields": {
                        "opportunity_stage_id": "id", "opportunity_id": "parent.id", "stage": "Stage",
                        "changed_at": "Modified_Time",
                    },
                },
                "account_managers": {
                    "from": "people",
                    "fields": {"account_manager_id": "id", "account_manager_name": "full_name"},
                },
            },
        }  # fmt: skip
        self.workshop.outside = {
            "environment": {"GUANXI_SOURCE_SHOP": json.dumps(CREDENTIALS)},
            "allows_private": True,
            "patience": Patience(attempts=8, budget_seconds=100_000),
            "sleep": lambda _: None,
        }

    def run(self) -> dict[str, tuple[int, int, int]]:
        """Extract the day; return what was new, changed and deleted, by entity."""
        counts = self.workshop.counts(self.day.isoformat())
        self.day += timedelta(days=1)
        self.store.now += timedelta(days=1)
        return {name: (each.new, each.changed, each.deleted) for name, each in counts.items()}

    def raw(self, entity: str, columns: str) -> set[tuple[Any, ...]]:
        return set(self.workshop.query(f"select {columns} from " + NEWEST.format(entity)))

    def rows(self, name: str) -> list[dict[str, Any]]:
        return list(self.store.modules[name].rows.values())

    def assert_same(self) -> None:
        """Compare raw with the store, row by row."""
        assert self.raw("accounts", "account_id, account_name") == {
            (row["id"], row["Account_Name"]) for row in self.rows("Accounts")
        }
        assert self.raw("opportunities", "opportunity_id, opportunity_name, stage") == {
            (row["id"], row["Company"], row["Lead_Status"]) for row in self.rows("Leads")
        }
        assert self.raw("orders", "order_id, account_id") == {
            (row["id"], row["Account_Name"]["id"]) for row in self.rows("Sales_Orders")
        }
        assert self.raw("order_lines", "order_line_id, order_id, quantity::float, net_amount::float") == {
            (row["id"], row["Parent_Id"]["id"], row["Quantity"], row["Net_Total"]) for row in self.rows("Ordered_Items")
        }
        assert self.raw("opportunity_stages", "opportunity_id, stage") == {
            (row["id"], each["Stage"]) for row in self.rows("Deals") for each in row["$history"]
        }
        assert self.raw("account_managers", "account_manager_id") == {(user["id"],) for user in self.store.users}


@pytest.fixture
def nights(workshop: Workshop) -> Iterator[Nights]:
    nights = Nights(workshop, ZohoServer())
    store = nights.store
    for number in range(8):
        account = store.insert("Accounts", Account_Name=f"Company {number}")
        store.insert("Leads", Company=f"Lead {number}", Last_Name="Li", Lead_Status="New")
        lines = [{"Quantity": 1.0 + line, "Net_Total": 9.5 * number} for line in range(number % 3 + 1)]
        store.insert("Sales_Orders", Account_Name={"id": account, "name": f"Company {number}"}, Ordered_Items=lines)
        store.insert("Deals", Deal_Name=f"Deal {number}", Stage="Qualification", Amount=1.0)
    with serving(nights.server, nights.server.script) as running:
        nights.settle(running.url)
        yield nights


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS, ids=["pages", "coql", "bulk"])
def test_first_load_then_nothing_then_a_night_of_changes(nights: Nights, settings: dict[str, Any]) -> None:
    nights.workshop.source["settings"] |= settings
    first = nights.run()
    assert first["accounts"] == (8, 0, 0)
    assert first["order_lines"] == (15, 0, 0)
    nights.assert_same()

    assert set(nights.run().values()) == {(0, 0, 0)}, "nothing changed, so there is no new version"

    store = nights.store
    keys = {name: [row["id"] for row in nights.rows(name)] for name in ("Accounts", "Leads", "Sales_Orders", "Deals")}
    store.insert("Accounts", Account_Name="Newcomer")
    store.update("Accounts", keys["Accounts"][2], Account_Name="Renamed")
    store.convert(keys["Leads"][1])
    store.update("Leads", keys["Leads"][2], Lead_Status="Lost")
    store.delete("Leads", keys["Leads"][3], kind="permanent")
    store.delete("Sales_Orders", keys["Sales_Orders"][5])
    kept = store.lines_of("Ordered_Items", keys["Sales_Orders"][1])[1]
    changed = [{"id": kept["id"], "Quantity": 77.0, "Net_Total": 1.25}]
    store.update("Sales_Orders", keys["Sales_Orders"][1], Ordered_Items=changed)
    store.update("Deals", keys["Deals"][0], Stage="Closed Won")
    store.add_user("Anna Berg", "anna.berg@example.com")
    for kind in ("server_error", "cut_body", "expired_token", "empty_page", "repeated_page", "dropped"):
        nights.server.script.faults.append(Fault(kind, at=len(nights.server.script.faults) * 2, path="/crm/"))
    third = nights.run()
    assert third["accounts"] == (1, 1, 0)
    assert third["opportunities"] == (0, 1, 1), "a converted lead is neither gone nor, to us, changed"
    assert third["orders"] == (0, 0, 1)
    assert third["order_lines"] == (0, 1, 4), "three lines went with their order, one on its own"
    assert third["opportunity_stages"] == (1, 0, 0)
    assert third["account_managers"] == (1, 0, 0)
    nights.assert_same()
