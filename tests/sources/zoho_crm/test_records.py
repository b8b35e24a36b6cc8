"""What the connector makes of Zoho's records: values, lines, stages, users, what was deleted or converted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sources.zoho_crm.export import UnfinishedExportError
from tests.servers.zoho_crm import ZohoServer
from tests.sources.zoho_crm.visits import Visitor, dataset, read, read_keys

WAYS = [{"walk": "pages"}, {"walk": "coql"}, {"first_load": "bulk"}]
COLUMNS = (
    "id", "Account_Name", "Employees", "Annual_Revenue", "Website", "Created_Time", "Parent_Account.id", "Owner.id",
    "Tags_Chosen",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=["pages", "coql", "bulk"])
def test_every_way_gives_the_same_plain_values(zoho: ZohoServer, visitor: Visitor, way: dict[str, str]) -> None:
    parent = zoho.store.insert("Accounts", Account_Name="母公司")
    key = zoho.store.insert(
        "Accounts", Account_Name='Acme, "GmbH"\n2', Employees=40, Annual_Revenue=1000.25,
        Parent_Account={"id": parent, "name": "母公司"}, Tags_Chosen=["east", "new"],
    )  # fmt: skip

    record = {record.key: record for record in read(visitor.open(**way), "Accounts", *COLUMNS)}[key]

    values = dict(record.values)
    assert values.pop("Parent_Account")["id"] == parent
    assert values.pop("Owner")["id"] == zoho.store.users[0]["id"]
    assert values == {
        "id": key, "Account_Name": 'Acme, "GmbH"\n2', "Employees": 40, "Annual_Revenue": Decimal("1000.25"),
        "Website": None, "Created_Time": "2026-03-31T12:00:01+00:00", "Tags_Chosen": ["east", "new"],
    }  # fmt: skip
    assert record.version == "2026-03-31T12:00:02+00:00"


def test_what_was_changed_in_the_very_second_is_read_again(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.insert("Accounts", Account_Name="early")
    late = zoho.store.insert("Accounts", Account_Name="late")
    for way in ("pages", "coql"):
        found = read(visitor.open(walk=way), "Accounts", "Account_Name", since=zoho.store.now)
        assert [record.key for record in found] == [late]
    assert read(visitor.open(), "Accounts", "Account_Name", since=zoho.store.now + timedelta(seconds=1)) == []


def test_a_converted_lead_is_no_deleted_lead(zoho: ZohoServer, visitor: Visitor) -> None:
    key = zoho.store.insert("Leads", Last_Name="Wang")
    zoho.store.convert(key)
    connector = visitor.open(walk="coql", first_load="bulk")
    assert [record.values["Converted__s"] for record in read(connector, "Leads", "Converted__s")] == [True]
    assert read_keys(connector, "Leads") == [key]
    assert connector.count(dataset("Leads")) is None
    assert connector.count(dataset("Accounts")) == 0


@pytest.mark.parametrize("name", ["Sales_Orders.Ordered_Items", "Ordered_Items"])
@pytest.mark.parametrize("walk", ["pages", "coql"])
def test_a_changed_line_is_read_with_its_order(zoho: ZohoServer, visitor: Visitor, name: str, walk: str) -> None:
    store = zoho.store
    first = store.insert("Sales_Orders", Subject="SO-1", Ordered_Items=[{"Quantity": 1.0}, {"Quantity": 2.0}])
    store.insert("Sales_Orders", Subject="SO-2", Ordered_Items=[{"Quantity": 9.0}])
    old = store.lines_of("Ordered_Items", first)
    store.now += timedelta(hours=1)
    since = store.now
    store.update("Sales_Orders", first, Ordered_Items=[{"id": old[1]["id"], "Quantity": 5.0}, {"Quantity": 7.0}])

    connector = visitor.open(walk=walk)
    found = read(connector, name, "id", "Quantity", "parent.id", since=since)

    assert [record.values["Quantity"] for record in found] == [5, 7]
    assert {record.values["parent"]["id"] for record in found} == {first}
    assert {record.version for record in found} == {"2026-03-31T13:00:03+00:00"}
    assert connector.deleted(dataset(name), since=since, state=None) is None
    assert old[0]["id"] not in read_keys(connector, name)
    assert len(read_keys(connector, name)) == 3


def test_a_line_knows_its_orders_name_when_it_is_asked_for(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.insert("Sales_Orders", Subject="SO-1", Ordered_Items=[{"Quantity": 1.0}])
    found = read(visitor.open(walk="coql"), "Sales_Orders.Ordered_Items", "parent.name")
    assert [record.values["parent"]["name"] for record in found] == ["SO-1"]


def test_each_stage_of_a_deal_is_a_record(zoho: ZohoServer, visitor: Visitor) -> None:
    deal = zoho.store.insert("Deals", Deal_Name="Press", Stage="Qualification", Amount=10.0)
    for stage in ("Proposal", "Closed Won"):
        zoho.store.update("Deals", deal, Stage=stage)
    zoho.store.insert("Deals", Deal_Name="No stage")

    found = read(visitor.open(page_size=2), "Deals.Stage_History", "id", "Stage", "Modified_Time", "parent.id")

    assert sorted((record.values["Modified_Time"], record.values["Stage"]) for record in found) == [
        ("2026-03-31T12:00:01+00:00", "Qualification"),
        ("2026-03-31T12:00:02+00:00", "Proposal"),
        ("2026-03-31T12:00:03+00:00", "Closed Won"),
    ]
    assert {record.values["parent"]["id"] for record in found} == {deal}


def test_a_call_says_whose_id_it_has(zoho: ZohoServer, visitor: Visitor) -> None:
    deal = zoho.store.insert("Deals", Deal_Name="Press")
    key = zoho.store.insert("Calls", Subject="Hello", What_Id={"id": deal, "name": "Press"})
    zoho.store.modules["Calls"].rows[int(key)]["$se_module"] = "Deals"
    found = read(visitor.open(walk="coql"), "Calls", "What_Id.id", "$se_module")
    assert [(record.values["What_Id"]["id"], record.values["$se_module"]) for record in found] == [(deal, "Deals")]


def test_users_who_left_are_read_too(zoho: ZohoServer, visitor: Visitor) -> None:
    for number in range(4):
        zoho.store.add_user(f"User {number}", f"user{number}@example.com", status="disabled")
    connector = visitor.open(page_size=2)
    found = read(connector, "users", "id", "full_name", "status", "role.name")
    assert [record.values["status"] for record in found] == ["active"] + ["disabled"] * 4
    assert found[0].values["role"] == {"id": "1", "name": "CEO"}
    assert len(read_keys(connector, "users")) == connector.count(dataset("users")) == 5


def test_what_was_deleted_has_its_moment(zoho: ZohoServer, visitor: Visitor) -> None:
    key = zoho.store.insert("Accounts")
    zoho.store.delete("Accounts", key)
    pages = visitor.open().deleted(dataset("Accounts"), since=datetime(2026, 3, 31, tzinfo=UTC), state=None)
    assert pages is not None
    assert [(each.key, each.version) for page in pages for each in page.records] == [(key, "2026-03-31T12:00:02+00:00")]


def test_a_page_tells_the_systems_clock(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.insert("Accounts")
    for way in WAYS:
        first = next(visitor.open(**way).records(dataset("Accounts"), ("Account_Name",), since=None, state=None))
        assert first.asked_at == zoho.store.now


def test_an_export_that_fails_is_told(zoho: ZohoServer, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    zoho.store.insert("Accounts")
    monkeypatch.setattr("tests.servers.zoho_export._STATES", ("ADDED", "IN PROGRESS", "FAILURE"))
    with pytest.raises(UnfinishedExportError, match="first_load: pages"):
        read(visitor.open(first_load="bulk"), "Accounts", "Account_Name")


def test_objects_and_fields_are_told_as_they_are(visitor: Visitor) -> None:
    connector = visitor.open()
    objects = connector.objects()
    assert {"Accounts", "Leads", "Sales_Orders.Ordered_Items", "Deals.Stage_History", "users"} <= objects.keys()
    fields = connector.fields(dataset("Accounts"))
    assert (fields["Annual_Revenue"].type, fields["Annual_Revenue"].is_lookup) == ("numeric", False)
    assert (fields["Parent_Account"].type, fields["Parent_Account"].is_lookup) == ("text", True)
    assert fields["Created_Time"].type == "timestamptz"
    assert {"parent", "Quantity"} <= connector.fields(dataset("Sales_Orders.Ordered_Items")).keys()
