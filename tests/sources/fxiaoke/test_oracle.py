"""The server for tests is judged by a client that others wrote: fxiaoke-python, in the older token style."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.servers.framework import RunningServer
from tests.servers.fxiaoke import ADMIN, APP, FxiaokeServer, serving_fxiaoke
from tests.servers.fxiaoke_store import person_key
from tests.sources.fxiaoke.tenant import CUSTOM, filled, small_tenant

pytest.importorskip("fxiaoke", reason="pip install fxiaoke-python")

from fxiaoke.api import FxiaokeApi
from fxiaoke.op_get import getObj
from fxiaoke.op_query import queryObj


class Elsewhere(HTTPAdapter):
    """Takes what is sent to the vendor's host to a server on this machine."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.place = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.url = urlunsplit(("http", self.place, asked.path, asked.query, ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture
def server() -> FxiaokeServer:
    return FxiaokeServer(small_tenant())


@pytest.fixture
def running(server: FxiaokeServer) -> Iterator[RunningServer]:
    with serving_fxiaoke(server) as running:
        yield running


@pytest.fixture
def client(running: RunningServer) -> FxiaokeApi:
    api = FxiaokeApi.init(APP["appId"], APP["appSecret"], APP["permanentCode"], person_key(ADMIN))
    api._session.requests.mount("https://open.fxiaoke.com", Elsewhere(running.url))
    return api


@pytest.mark.parametrize("name", ["AccountObj", CUSTOM])
def test_it_pages_through_preset_and_custom_objects(client: FxiaokeApi, server: FxiaokeServer, name: str) -> None:
    keys = filled(server.store, 250, name)
    # it looks for the records of both kinds of objects in `data`
    server.custom_place = "data"
    order = [{"fieldName": "_id", "isAsc": True}]
    found = list(queryObj(client).execute(dataObjectApiName=name, orders=order, limit=100))
    assert [row["_id"] for row in found] == sorted(keys)
    assert found[0]["owner__r"] == {"id": person_key("1001"), "name": "李雷"}
    assert len(server.token_calls) == 1


def test_it_filters_and_projects(client: FxiaokeApi, server: FxiaokeServer) -> None:
    keys = filled(server.store, 9)
    server.store.go_on(60)
    since = server.store.now()
    server.store.update("AccountObj", keys[4], name="anders")
    changed = {"field_name": "last_modified_time", "operator": "GTE", "field_values": [since]}
    found = list(queryObj(client).execute(dataObjectApiName="AccountObj", filters=[changed], fieldProjection=["name"]))
    assert found == [{"_id": keys[4], "name": "anders"}]


def test_it_reads_a_description(client: FxiaokeApi) -> None:
    told = queryObj(client, "AccountObj")
    told.endpoint = None
    fields = told.describe()["describe"]["fields"]
    assert fields["level"]["options"][0] == {"value": "kaYz89Lwq", "label": "重点客户"}


def test_it_gets_one_record(client: FxiaokeApi, server: FxiaokeServer) -> None:
    key = filled(server.store, 1)[0]
    assert getObj(client).execute(dataObjectApiName="AccountObj", objectDataId=key)["name"] == "客户0"


def test_it_is_told_errors_by_their_codes(client: FxiaokeApi, server: FxiaokeServer) -> None:
    server.codes.append(("/data/query", 15002))
    with pytest.raises(RuntimeError, match="15002"):
        queryObj(client).execute(dataObjectApiName="AccountObj")
    with pytest.raises(RuntimeError, match="10013"):
        queryObj(client).execute(dataObjectApiName="AccountObj", offset=10_100)


def test_it_loses_what_is_behind_the_first_page_when_the_total_is_told_as_nothing(
    client: FxiaokeApi, server: FxiaokeServer
) -> None:
    """Why no walk of ours looks at a total."""
    filled(server.store, 30)
    server.counts_unasked = False
    assert len(list(queryObj(client).execute(dataObjectApiName="AccountObj", limit=10))) == 10
