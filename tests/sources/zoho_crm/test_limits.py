"""Zoho's limits, made small: a walk goes on beyond each of them, and keeps those that must be kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sources.zoho_crm.answers import SpentCreditsError
from sources.zoho_crm.pages import TooManyAtOnceError
from tests.servers.framework import Fault
from tests.servers.zoho_crm import ZohoServer
from tests.sources.zoho_crm.visits import Visitor, dataset, read, read_keys


def paths(zoho: ZohoServer) -> list[str]:
    return [path for _, path in zoho.script.seen]


@pytest.mark.parametrize("count", [19, 20, 21, 47])
def test_leads_beyond_the_reach_of_page_tokens_are_read_in_the_order_of_changes(
    zoho: ZohoServer, visitor: Visitor, count: int
) -> None:
    zoho.limits.token_rows = 20
    keys = [zoho.store.insert("Leads", Last_Name=str(n)) for n in range(count)]
    zoho.store.convert(keys[3])

    records = read(visitor.open(page_size=5, page_limit=20), "Leads", "Last_Name")

    assert {record.key for record in records} == set(keys)


def test_the_server_may_name_a_smaller_reach_than_we_know_of(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.limits.token_rows = 10
    keys = [zoho.store.insert("Leads", Last_Name=str(n)) for n in range(27)]
    assert {record.key for record in read(visitor.open(page_size=5), "Leads", "Last_Name")} == set(keys)


def test_more_changes_in_one_second_than_pages_reach_are_told(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.tick = timedelta(0)
    for _ in range(30):
        zoho.store.insert("Leads")
    with pytest.raises(TooManyAtOnceError, match="first_load: bulk"):
        read(visitor.open(page_size=5, page_limit=20), "Leads", "Last_Name")


def test_a_first_load_of_more_rows_than_pages_reach_goes_by_query(zoho: ZohoServer, visitor: Visitor) -> None:
    keys = [zoho.store.insert("Accounts", Account_Name=str(n)) for n in range(30)]
    records = read(visitor.open(page_limit=20, query_size=7), "Accounts", "Account_Name", "Owner.id")
    assert sorted(record.key for record in records) == keys
    assert "/crm/v8/Accounts" not in paths(zoho)


def test_the_name_of_a_lookup_is_asked_for_by_pages_however_many_rows_there_are(
    zoho: ZohoServer, visitor: Visitor
) -> None:
    keys = [zoho.store.insert("Accounts", Account_Name=str(n)) for n in range(30)]
    records = read(visitor.open(page_limit=20, page_size=5), "Accounts", "Owner.name")
    assert {record.key for record in records} == set(keys)
    assert {record.values["Owner"]["name"] for record in records} == {"Wei Zhang"}


def test_more_than_fifty_fields_are_asked_for_in_parts(zoho: ZohoServer, visitor: Visitor) -> None:
    names = [f"Extra_{number}" for number in range(120)]
    zoho.store.add_module("Machines", "Name:text " + " ".join(f"{name}:text" for name in names))
    key = zoho.store.insert("Machines", Name="press", **{name: name.lower() for name in names})
    zoho.store.insert("Machines", Name="lathe")

    records = {record.key: record.values for record in read(visitor.open(), "Machines", "Name", *names)}

    assert len(records) == 2
    assert [records[key][name] for name in names] == [name.lower() for name in names]


def test_a_hundred_thousand_accounts_come_whole(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.fill("Accounts", 100_500, lambda number: {"Account_Name": f"n{number}"})
    connector = visitor.open(concurrency=3)
    count, last = 0, set()
    for page in connector.records(dataset("Accounts"), ("id", "Account_Name"), since=None, state=None):
        count += len(page.records)
        last |= {record.key for record in page.records}
    assert count == len(last) == 100_500
    assert zoho.used_credits < 200


def test_no_more_requests_are_under_way_than_the_settings_say(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.limits.concurrency = 3
    for number in range(80):
        zoho.store.insert("Accounts", Account_Name=str(number))
    read(visitor.open(walk="coql", query_size=2, concurrency=3), "Accounts", "Account_Name")
    assert zoho.most_at_once <= 3


def test_exports_keep_the_limit_of_ten_downloads_a_minute(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.limits.export_rows, zoho.limits.downloads_a_minute = 2, 1000
    keys = [zoho.store.insert("Accounts", Account_Name=str(n)) for n in range(23)]
    records = read(visitor.open(first_load="bulk"), "Accounts", "Account_Name")
    assert {record.key for record in records} == set(keys)
    assert any(wait > 50 for wait in visitor.waits), "the eleventh file waits for the first to be a minute old"


def test_an_extract_stops_before_the_companys_last_credits(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.limits.credits = 40
    for number in range(100):
        zoho.store.insert("Leads", Last_Name=str(number))
    connector = visitor.open(page_size=2, keep_credits=10)
    with pytest.raises(SpentCreditsError, match="9 API credits are left"):
        read(connector, "Leads", "Last_Name")
    assert zoho.used_credits == 31
    assert "9 left" in connector.usage()


def test_credits_that_are_gone_are_not_waited_for(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.limits.credits = 0
    with pytest.raises(SpentCreditsError, match="credits come back 24 hours after"):
        visitor.open().objects()
    assert visitor.waits == []


def test_too_many_at_once_are_waited_for(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.script.faults += [Fault("too_many_requests", path="/settings", seconds=7)]
    visitor.open().objects()
    assert visitor.waits == [7]


def test_too_many_tokens_are_waited_for(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.issued.extend([zoho.store.now] * 10)
    zoho.store.now += timedelta(minutes=9)
    connector = visitor.open()
    connector.door.http.sleep = lambda seconds: move(zoho, seconds)  # type: ignore[attr-defined]
    assert "Accounts" in connector.objects()


def move(zoho: ZohoServer, seconds: float) -> None:
    zoho.store.now += timedelta(seconds=seconds)


def test_two_connectors_share_one_token(zoho: ZohoServer, visitor: Visitor) -> None:
    for number in range(6):
        zoho.store.insert("Accounts", Account_Name=str(number))
    for _ in range(5):
        assert len(read_keys(visitor.open(), "Accounts")) == 6
    assert paths(zoho).count("/oauth/v2/token") == 1


def test_a_token_is_renewed_before_it_ends(zoho: ZohoServer, visitor: Visitor) -> None:
    connector = visitor.open()
    connector.objects()
    zoho.store.now += timedelta(minutes=59, seconds=30)
    connector.door.ask("/org")  # type: ignore[attr-defined]
    connector.door.ask("/org")  # type: ignore[attr-defined]
    assert paths(zoho).count("/oauth/v2/token") == 2
