"""What is wrong is told with what to do, at once, and without a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from sources.api.connector import Connector, StateExpiredError
from sources.errors import MissingTableError, SourceUnreachableError
from sources.mapping.reader import BadMappingError
from sources.zoho_crm.answers import MissingScopeError
from sources.zoho_crm.asking import UnknownFieldError
from sources.zoho_crm.settings import ZohoSettings
from tests.servers.framework import Fault
from tests.servers.zoho_crm import ZohoServer
from tests.sources.zoho_crm.visits import CREDENTIALS, Visitor, dataset, read, read_keys
from warehouse.errors import Problem

CANARY = "canary-9d41"


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ({"client_id": "1000.OTHER"}, "a client exists in its own data centre only"),
        ({"refresh_token": "1000.revoked"}, "the refresh token was revoked"),
    ],
)
def test_credentials_that_are_refused_are_told_at_once(
    zoho: ZohoServer, visitor: Visitor, credentials: dict[str, str], told: str
) -> None:
    visitor.credentials |= credentials
    with pytest.raises(SourceUnreachableError, match=told):
        visitor.open().objects()
    assert zoho.script.count("/oauth") == 1


def test_missing_credentials_name_the_variable(visitor: Visitor) -> None:
    del visitor.credentials["client_secret"]
    with pytest.raises(SourceUnreachableError, match="GUANXI_SOURCE_CRM"):
        visitor.open()


def test_a_token_sends_us_nowhere(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.api_domain = "https://www.zohoapis.evil.example"
    with pytest.raises(SourceUnreachableError, match="names another address"):
        visitor.open().objects()
    assert zoho.script.count("/crm/") == 0


def test_an_address_in_the_tokens_file_sends_us_nowhere(zoho: ZohoServer, visitor: Visitor) -> None:
    visitor.open().objects()
    file = visitor.tokens / "crm.json"
    kept = json.loads(file.read_text())
    kept["beside"]["api_domain"] = "http://127.0.0.1:1"
    file.write_text(json.dumps(kept))
    before = zoho.script.count("/crm/")
    with pytest.raises(SourceUnreachableError, match="names another address"):
        visitor.open().objects()
    assert zoho.script.count("/crm/") == before


@pytest.mark.parametrize("centre", ["us", "eu", "in", "au", "jp", "cn", "sa", "ca"])
def test_each_data_centre_has_its_own_addresses(centre: str) -> None:
    settings = ZohoSettings(data_centre=centre)
    addresses = settings.addresses("crm", allows_private=False)
    accounts = {"ca": "zohocloud.ca", "us": "zoho.com", "au": "zoho.com.au", "cn": "zoho.com.cn"}
    assert addresses.accounts == f"https://accounts.{accounts.get(centre, f'zoho.{centre}')}"
    ending = addresses.accounts.partition(".zoho")[2].partition(".")[2]
    assert f"https://www.zohoapis.{ending}" in addresses.api
    assert len(addresses.api) == 3


def test_a_server_for_tests_is_refused_where_private_addresses_are() -> None:
    settings = ZohoSettings(data_centre="eu", base_address="http://127.0.0.1:1")
    with pytest.raises(BadMappingError, match="base_address"):
        settings.addresses("crm", allows_private=False)


@pytest.mark.parametrize("settings", [{"data_centre": "mars"}, {"concurrency": 0}, {"wlak": "pages"}])
def test_settings_that_are_wrong_name_their_key(visitor: Visitor, settings: dict[str, Any]) -> None:
    with pytest.raises(BadMappingError, match=next(iter(settings))):
        visitor.open(**settings)


WALKS: dict[str, tuple[str, Callable[[Connector], object]]] = {
    "coql": ("ZohoCRM.coql.READ", lambda connector: read_keys(connector, "Accounts")),
    "bulk": ("ZohoCRM.bulk.READ", lambda connector: read(connector, "Accounts", "Account_Name")),
    "settings": ("ZohoCRM.settings.READ", lambda connector: connector.objects()),
    "users": ("ZohoCRM.users.READ", lambda connector: read(connector, "users", "email")),
    "modules": ("ZohoCRM.modules.READ", lambda connector: read(connector, "Leads", "Company")),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_scope_that_is_missing_is_named(zoho: ZohoServer, visitor: Visitor, name: str) -> None:
    zoho.scopes = zoho.scopes - {name}
    scope, walk = WALKS[name]
    with pytest.raises(MissingScopeError, match=scope):
        walk(visitor.open(first_load="bulk"))
    assert zoho.script.count("/oauth") == 1, "a scope does not come with another token"


def test_without_queries_pages_do_everything(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.scopes = zoho.scopes - {"coql", "bulk"}
    key = zoho.store.insert("Sales_Orders", Ordered_Items=[{"Quantity": 1.0}])
    connector = visitor.open(walk="pages")
    assert read_keys(connector, "Sales_Orders") == [key]
    assert len(read_keys(connector, "Sales_Orders.Ordered_Items")) == 1


@pytest.mark.parametrize("name", ["Acounts", "Accounts.Lines"])
def test_an_object_that_is_not_there_is_named(visitor: Visitor, name: str) -> None:
    with pytest.raises(MissingTableError, match="Accounts"):
        visitor.open().fields(dataset(name))


def test_a_field_that_is_not_there_is_named_with_what_is(visitor: Visitor) -> None:
    with pytest.raises(UnknownFieldError, match="did you mean Account_Name"):
        read(visitor.open(), "Accounts", "Account_Nmae")


def test_a_field_that_vanishes_while_a_query_goes_on_stops_it(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.insert("Accounts", Account_Name="Acme")
    connector = visitor.open(walk="coql")
    connector.fields(dataset("Accounts"))
    del zoho.store.modules["Accounts"].kinds["Website"]
    with pytest.raises(Problem, match="Website"):
        read(connector, "Accounts", "Website")


@pytest.mark.parametrize("way", ["pages", "coql", "bulk"])
def test_a_state_of_another_question_is_refused(zoho: ZohoServer, visitor: Visitor, way: str) -> None:
    for number in range(9):
        zoho.store.insert("Accounts", Account_Name=str(number))
    settings = {"first_load": "bulk"} if way == "bulk" else {"walk": way}
    connector = visitor.open(page_size=2, query_size=2, **settings)
    state = next(connector.records(dataset("Accounts"), ("Account_Name",), since=None, state=None)).state
    with pytest.raises(StateExpiredError):
        read(connector, "Accounts", "Website", state=state)


def test_a_page_token_of_yesterday_is_refused(zoho: ZohoServer, visitor: Visitor) -> None:
    for number in range(9):
        zoho.store.insert("Leads", Last_Name=str(number))
    state = next(visitor.open(page_size=2).records(dataset("Leads"), ("Last_Name",), since=None, state=None)).state
    zoho.script.faults.append(Fault("expired_page_token"))
    with pytest.raises(StateExpiredError):
        read(visitor.open(page_size=2), "Leads", "Last_Name", state=state)


def test_a_test_of_the_source_finds_what_is_wrong(zoho: ZohoServer, visitor: Visitor) -> None:
    zoho.store.insert("Accounts", Account_Name="Acme")
    columns = ("id", "Websight")
    datasets = {
        "accounts": dataset("Accounts"),
        "lines": dataset("Sales_Orders.Ordered_Items"),
        "people": dataset("users"),
        "misspelt": dataset("Acounts"),
        "columns": dataset("Accounts").model_copy(update={"columns": columns}),
    }
    findings = {each.what: each for each in visitor.open().test(datasets)}
    assert {what for what, each in findings.items() if not each.is_well} == {"dataset misspelt", "dataset columns"}
    assert "1 records, changed last 2026-03-31 12:00 UTC" in findings["dataset accounts"].told
    assert "Websight" in findings["dataset columns"].told
    assert "credits" in findings["limits"].told


def test_a_test_that_is_not_let_in_ends_there(visitor: Visitor) -> None:
    visitor.credentials["refresh_token"] = "1000.revoked"
    findings = list(visitor.open().test({"accounts": dataset("Accounts")}))
    assert [each.is_well for each in findings] == [False]
    assert "revoked" in findings[0].next_step


def test_no_secret_is_in_any_text(
    zoho: ZohoServer, visitor: Visitor, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every fault and refusal there is, with credentials, token and customer's data that would be noticed."""
    caplog.set_level(logging.DEBUG)
    zoho.client = (f"1000.{CANARY}-client", f"{CANARY}-secret", f"1000.{CANARY}-refresh")
    for key, value in zip(CREDENTIALS, zoho.client, strict=True):
        visitor.credentials[key] = value
    for number in range(5):
        zoho.store.insert("Leads", Last_Name=f"{CANARY}-customer-{number}")
    texts: list[str] = []
    connector = visitor.open(page_size=2, walk="coql")
    state = None
    for kind in ("server_error", "cut_body", "no_json", "dropped", "too_many_requests", "expired_token"):
        zoho.script.faults += [Fault(kind, path="/crm/") for _ in range(9)]
        try:
            for page in connector.records(dataset("Leads"), ("Last_Name",), since=None, state=state):
                texts += [json.dumps(page.state)]
        except Problem as problem:
            texts += [str(problem), repr(problem), repr(problem.__cause__), repr(problem.__context__)]
        zoho.script.faults.clear()
    texts += [repr(connector), str(connector), connector.usage(), caplog.text, *capsys.readouterr()]
    texts += [repr(each) for each in connector.test({"leads": dataset("Leads")})]
    assert len(texts) > 20
    assert [text for text in texts if CANARY in text] == []
