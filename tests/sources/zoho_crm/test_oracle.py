"""The vendor's own client reads the server for tests right: what our connector is tried on is no invention of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.framework import RunningServer
from tests.servers.zoho_crm import ZohoServer

pytestmark = pytest.mark.usefixtures("sdk")


@pytest.fixture
def sdk(running: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The SDK, let in at the server; it writes into its folder only."""
    from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
    from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
    from zohocrmsdk.src.com.zoho.api.logger import Logger
    from zohocrmsdk.src.com.zoho.crm.api import Initializer
    from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter

    monkeypatch.chdir(tmp_path)
    environment = DataCenter.Environment(running.url, f"{running.url}/oauth/v2/token", running.url)
    token = OAuthToken(client_id="1000.CLIENT", client_secret="secret", refresh_token="1000.refresh", find_user=False)
    Initializer.initialize(
        environment,
        token,
        store=FileStore(str(tmp_path / "tokens.txt")),
        logger=Logger.get_instance(level=Logger.Levels.CRITICAL),
        resource_path=str(tmp_path),
    )
    yield
    Initializer.initializer = None


def _read(module: str, fields: str, **more: Any) -> tuple[list[Any], int]:
    """Return the SDK's records of a module and how many pages they came in."""
    from zohocrmsdk.src.com.zoho.crm.api.header_map import HeaderMap
    from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
    from zohocrmsdk.src.com.zoho.crm.api.record import GetRecordsHeader, GetRecordsParam, RecordOperations

    records: list[Any] = []
    page_count, token = 0, None
    while True:
        params, headers = ParameterMap(), HeaderMap()
        params.add(GetRecordsParam.fields, fields)
        params.add(GetRecordsParam.per_page, 2)
        if token is not None:
            params.add(GetRecordsParam.page_token, token)
        if "converted" in more:
            params.add(GetRecordsParam.converted, more["converted"])
        if "since" in more:
            headers.add(GetRecordsHeader.if_modified_since, more["since"])
        answer = RecordOperations(module).get_records(params, headers)
        if answer.get_status_code() in (204, 304):
            return records, page_count
        told = answer.get_object()
        records += told.get_data()
        page_count += 1
        if not told.get_info().get_more_records():
            return records, page_count
        token = told.get_info().get_next_page_token()


def test_it_pages_through_all_records(zoho: ZohoServer) -> None:
    account = zoho.store.insert("Accounts", Account_Name="艾克美工具", Industry="Machinery", Employees=40)
    keys = [
        zoho.store.insert(
            "Deals", Deal_Name=f"Deal {n}", Amount=1000.5 + n, Closing_Date="2026-04-30", Stage="Qualification",
            Account_Name={"id": account, "name": "艾克美工具"},
        )
        for n in range(5)
    ]  # fmt: skip

    records, page_count = _read("Deals", "Deal_Name,Amount,Closing_Date,Stage,Account_Name,Modified_Time")

    assert page_count == 3
    assert sorted(str(record.get_id()) for record in records) == sorted(keys)
    values = {str(record.get_id()): record.get_key_values() for record in records}
    first = values[keys[0]]
    assert first["Deal_Name"] == "Deal 0"
    assert float(first["Amount"]) == 1000.5
    assert first["Closing_Date"].isoformat() == "2026-04-30"
    assert str(first["Account_Name"].get_id()) == account
    stored = zoho.store.modules["Deals"].rows[int(keys[0])]["Modified_Time"]
    assert first["Modified_Time"] == datetime.fromisoformat(stored)


def test_it_reads_only_what_was_changed_since_and_that_moment_counts(zoho: ZohoServer) -> None:
    zoho.store.insert("Accounts", Account_Name="early")
    late = zoho.store.insert("Accounts", Account_Name="late")
    since = zoho.store.now

    records, _ = _read("Accounts", "Account_Name", since=since)
    assert [str(record.get_id()) for record in records] == [late]
    zoho.store.now += timedelta(minutes=30)
    assert _read("Accounts", "Account_Name", since=zoho.store.now) == ([], 0)


@pytest.mark.parametrize(("converted", "count"), [("false", 1), ("true", 1), ("both", 2)])
def test_it_sees_converted_leads_only_when_it_asks_for_them(zoho: ZohoServer, converted: str, count: int) -> None:
    zoho.store.insert("Leads", Last_Name="Wang", Company="Acme")
    zoho.store.convert(zoho.store.insert("Leads", Last_Name="Li", Company="Beta"))

    records, _ = _read("Leads", "Last_Name,Company", converted=converted)
    assert len(records) == count


def test_it_reads_what_was_deleted(zoho: ZohoServer) -> None:
    from zohocrmsdk.src.com.zoho.crm.api.header_map import HeaderMap
    from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
    from zohocrmsdk.src.com.zoho.crm.api.record import (
        GetDeletedRecordsHeader,
        GetDeletedRecordsParam,
        RecordOperations,
    )

    keys = [zoho.store.insert("Accounts", Account_Name=str(n)) for n in range(3)]
    since = zoho.store.now
    zoho.store.delete("Accounts", keys[0])
    zoho.store.delete("Accounts", keys[2], kind="permanent")
    params, headers = ParameterMap(), HeaderMap()
    params.add(GetDeletedRecordsParam.type, "all")
    headers.add(GetDeletedRecordsHeader.if_modified_since, since)

    told = RecordOperations("Accounts").get_deleted_records(params, headers).get_object()

    assert {str(record.get_id()) for record in told.get_data()} == {keys[0], keys[2]}
    assert told.get_info().get_more_records() is False


def test_it_reads_a_record_with_its_lines(zoho: ZohoServer) -> None:
    from zohocrmsdk.src.com.zoho.crm.api.header_map import HeaderMap
    from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
    from zohocrmsdk.src.com.zoho.crm.api.record import RecordOperations

    order = zoho.store.insert(
        "Sales_Orders", Subject="SO-1", Ordered_Items=[{"Quantity": 2.0, "List_Price": 9.5}, {"Quantity": 1.0}]
    )
    told = RecordOperations("Sales_Orders").get_record(int(order), ParameterMap(), HeaderMap()).get_object()

    lines = told.get_data()[0].get_key_values()["Ordered_Items"]
    assert [float(line.get_key_values()["Quantity"]) for line in lines] == [2.0, 1.0]


def test_it_queries(zoho: ZohoServer) -> None:
    from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper, CoqlOperations

    keys = [zoho.store.insert("Accounts", Account_Name=str(n)) for n in range(3)]
    body = BodyWrapper()
    body.set_select_query(f"select Account_Name from Accounts where (id > {keys[0]}) order by id asc limit 2000")

    told = CoqlOperations().get_records(body).get_object()
    assert [str(record.get_id()) for record in told.get_data()] == keys[1:]
    assert told.get_info().get_more_records() is False


def test_it_reads_users(zoho: ZohoServer) -> None:
    from zohocrmsdk.src.com.zoho.crm.api.header_map import HeaderMap
    from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
    from zohocrmsdk.src.com.zoho.crm.api.users import UsersOperations

    zoho.store.add_user("Anna Berg", "anna.berg@example.com", status="disabled")
    told = UsersOperations().get_users(ParameterMap(), HeaderMap()).get_object()
    assert [user.get_email() for user in told.get_users()] == ["wei.zhang@example.com", "anna.berg@example.com"]
