"""Secrets are where they were put and nowhere else: not in a table, a log, a page, a mail or what a command says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.canaries import canary, found_in_folder, found_in_server, found_in_text
from tests.commands.corner_shop import Shop
from tests.conftest import reachable_folder
from tests.servers.framework import Reply, Request, RunningServer, serving
from tests.sources.fxiaoke.tenant import CREDENTIALS
from warehouse.embedded import EmbeddedServer, free_port
from warehouse.house import with_database

pytestmark = pytest.mark.slow

FIELDS = {"from": "rows", "fields": {"account_id": "id"}}


@pytest.fixture
def echo() -> Iterator[RunningServer]:
    """A server that answers every request with an error and all that it was told, credentials above all."""

    def told(request: Request) -> Reply:
        status = {"/web": 404, "/jsonrpc": 200}.get(
            request.path[:8].rstrip("/"), 500 if "token" in request.path else 400
        )
        words = f"{request.path} {dict(request.query)} {dict(request.headers)} {request.body.decode()}"
        error = {"code": 200, "message": words, "data": {"name": words, "message": words, "debug": words}}
        if "corpAccessToken" in request.path:
            return Reply({"errorCode": 10006, "errorMessage": words, "errorDescription": words})
        return Reply({"error": error if status == 200 else words, "message": words}, status)

    with serving(told) as running:
        yield running


def _company(folder: Path, address: str) -> Path:
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "rows.csv").write_text("id\n1\n\n")
    system = {"datasets": {"rows": {"object": "Accounts"}}, "entities": {"accounts": FIELDS}}
    database = {"kind": "erp_database", "datasets": {"rows": {"table": "rows"}}, "entities": {"accounts": FIELDS}}
    content = {
        "company": "canaries",
        "name": {"en": "Canaries", "zh": "金丝雀"},
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "sources": [
            {"name": "erp"} | database,
            {"name": "away"} | database,
            {"name": "broken", "url": "${GUANXI_ERP_URL}"} | database,
            {"name": "zoho", "kind": "zoho_crm", "settings": {"data_centre": "eu", "base_address": address}} | system,
            {"name": "odoo", "kind": "odoo", "settings": {"base_url": address, "database": "acme"}} | system,
            {"name": "fxiaoke", "kind": "fxiaoke", "settings": {"host": address}} | system,
        ],
    }
    (folder / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def test_a_night_in_which_every_source_fails_tells_no_credential(echo: RunningServer) -> None:
    """Wrong passwords, a server that is away, rows that are refused, and servers that send our secrets back."""
    planted = {
        name: canary(name) for name in ("erp", "away", "broken", "zoho", "refresh", "odoo", "app", "code", "role")
    }
    with reachable_folder() as home, EmbeddedServer(home / "postgres", options=(("fsync", "off"),)).leased() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create database books")
            connection.execute(f"create role reader login password '{planted['broken']}'".encode())
        books = with_database(url, "books")
        with psycopg.connect(books) as connection:
            connection.execute("create table rows (id text); insert into rows values (null), (null), ('1')")
            connection.execute("grant select on rows to reader")
        place = books.split("@", 1)[1]
        environment = {
            "GUANXI_ROLE_SECRET": planted["role"],
            "GUANXI_ALLOW_PRIVATE_SOURCES": "true",
            "GUANXI_ERP_URL": f"postgresql://reader:{planted['broken']}@{place}",
            "GUANXI_SOURCE_ERP": json.dumps({"url": f"postgresql://reader:{planted['erp']}@{place}"}),
            "GUANXI_SOURCE_AWAY": json.dumps({"url": f"mysql://me:{planted['away']}@127.0.0.1:{free_port()}/x"}),
            "GUANXI_SOURCE_ZOHO": json.dumps(
                {"client_id": "1000.X", "client_secret": planted["zoho"], "refresh_token": planted["refresh"]}
            ),
            "GUANXI_SOURCE_ODOO": json.dumps({"login": "me", "api_key": planted["odoo"]}),
            "GUANXI_SOURCE_FXIAOKE": json.dumps(
                CREDENTIALS | {"app_secret": planted["app"], "permanent_code": planted["code"], "open_user_id": "1000"}
            ),
        }
        company = _company(home / "books", echo.url)
        house = Shop(home, url).with_settings(GUANXI_COMPANY=company, **environment)
        said = {"open": _run(house, "open", "--run-id", "bad", "--as-of", "2026-01-31")}
        for source in ("erp", "away", "zoho", "odoo", "fxiaoke", "broken"):  # a closed gate ends the run
            said[source] = _run(house, "extract", "--run-id", "bad", "--source", source, "--last-try")
        said["test"] = _run(house, "sources", "test")
        _each_failed_as_meant(said)
        assert len(echo.script.seen) > 3, "the servers were asked"
        assert found_in_text("".join(said.values()).encode(), planted) == []
        assert found_in_server(url, planted) == []
        assert found_in_folder(home, planted, but=[home / "postgres" / "data"]) == []


def _each_failed_as_meant(said: Mapping[str, str]) -> None:
    seen = {"erp": "password", "away": "nothing listens there", "broken": "2 of 3 rows break rules"}
    assert "Traceback" not in "".join(said.values())
    for source, words in seen.items():
        assert words in said[source], said[source]
    for source in ("zoho", "odoo", "fxiaoke"):
        assert said[source].count("error: ") == 1, said[source]
        assert f"source {source}" in said[source]


def _run(shop: Shop, *words: str) -> str:
    done: subprocess.CompletedProcess[str] = shop.house.run(*words)
    return done.stdout + done.stderr
