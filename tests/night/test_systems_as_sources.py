"""The same company behind other systems: whatever held the rows, the marts are the same, to the row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

from tests.conftest import ROOT, reachable_folder
from tests.marts.building import NO_UNIT_TESTS, build
from tests.night.house_for_nights import NightHouse
from tests.night.simulated_systems import Books, fill_fxiaoke, fill_odoo, fill_zoho, read_books
from tests.servers.framework import serving
from tests.servers.fxiaoke import ADMIN, ADMIN_MOBILE, APP, FxiaokeServer
from tests.servers.fxiaoke_store import Store
from tests.servers.odoo import OdooServer
from tests.servers.zoho_crm import ZohoServer
from warehouse.database import Role
from warehouse.house import opened_house, with_database
from warehouse.settings import load_settings
from warehouse.transform import build_variables

pytestmark = pytest.mark.xdist_group("systems")

DAYS = ("2026-06-30", "2026-07-01")
ACCOUNTS = "60"
SCHEMA = "build_of_all_marts"
SYSTEMS = ROOT / "tests" / "data" / "systems"


def _read(house: NightHouse, day: str, *, company: str) -> None:
    house.succeed("open", "--run-id", day, "--as-of", day, "--company", company)
    house.succeed("extract", "--run-id", day, "--company", company)


def _relations(house: NightHouse, company: str, target: Path) -> dict[str, tuple[int, str]]:
    """Build the models on what was read; return the count and checksum of every mart, by name.

    Their tests would find in each system what they find in the next, when the marts are the same.
    """
    settings = load_settings(house.environment() | {"GUANXI_COMPANY": company})
    with opened_house(settings) as opened:
        variables = build_variables(opened.company, date.fromisoformat(DAYS[-1]), opened.company.timezone)
        with opened.warehouse.connect(Role.TRANSFORMER) as connection:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        build(opened.warehouse, SCHEMA, target, variables, *NO_UNIT_TESTS, "--exclude-resource-type", "test")
        with opened.warehouse.connect(Role.TRANSFORMER) as connection:
            return {name: _checksum(connection, name) for name in _marts(connection)}


def _marts(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "select tablename from pg_tables where schemaname = %s and tablename ~ '^(dim|fct)_'"
        " and tablename <> 'dim_sources' order by 1",  # it tells the kind of each source, which is what differs here
        (SCHEMA,),
    )
    return [name for (name,) in rows]


def _checksum(connection: psycopg.Connection, mart: str) -> tuple[int, str]:
    row = connection.execute(
        sql.SQL("select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text from {} as t").format(
            sql.Identifier(SCHEMA, mart)
        )
    ).fetchone()
    return row or (0, "")


def _without_crm_database(folder: Path) -> str:
    """The simulated company with what the other systems hold too: not the people and talks of the CRM's database."""
    content = yaml.safe_load((ROOT / "examples" / "simulated" / "company.yml").read_text(encoding="utf-8"))
    content["sources"] = [source for source in content["sources"] if source["name"] != "crm_db"]
    (folder / "direct").mkdir()
    (folder / "direct" / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return str(folder / "direct")


@dataclass(frozen=True, slots=True)
class Direct:
    """The company as the simulator writes it, read directly: what it had written each evening, and its marts."""

    books: dict[str, Books]
    erp_urls: dict[str, str]
    marts: dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    """Its server runs on, with a copy of the ERP's database of each evening."""
    books, erp_urls = {}, {}
    with reachable_folder() as folder:
        company = _without_crm_database(folder)
        house = NightHouse(folder, (("GUANXI_ACCOUNTS", ACCOUNTS),))
        with opened_house(load_settings(house.environment())) as opened:
            for day in DAYS:
                _read(house, day, company=company)
                url = opened.erp_url() or ""
                books[day] = read_books(url, opened.crm_folder)
                copy = f"erp_of_{day}"
                with psycopg.connect(opened.server_url, autocommit=True) as connection:
                    connection.execute(
                        sql.SQL("create database {} template {}").format(
                            sql.Identifier(copy), sql.Identifier(opened.erp_database)
                        )
                    )
                erp_urls[day] = with_database(url, copy)
            yield Direct(books, erp_urls, _relations(house, company, tmp_path_factory.mktemp("dbt")))


def _company(folder: Path, name: str, addresses: dict[str, str]) -> str:
    text = (SYSTEMS / name / "company.yml").read_text(encoding="utf-8")
    for word, address in addresses.items():
        text = text.replace(word, address)
    (folder / name).mkdir()
    (folder / name / "company.yml").write_text(text, encoding="utf-8")
    return str(folder / name)


def _evening(day: str) -> datetime:
    """Half past midnight in Shanghai: the business day has ended."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=16, minute=30)


def _assert_same_marts(found: dict[str, tuple[int, str]], direct: Direct) -> None:
    assert direct.marts["fct_order_lines"][0] > 1000
    assert direct.marts["dim_accounts"][0] > 50
    assert found == direct.marts


def test_a_zoho_crm_beside_an_erp_database_gives_the_same_marts(direct: Direct, tmp_path: Path) -> None:
    crm = ZohoServer()
    client_id, client_secret, refresh_token = crm.client
    secret = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
    with reachable_folder() as folder, serving(crm, crm.script) as running:
        company = _company(folder, "zoho_and_database", {"CRM_ADDRESS": running.url})
        common = (("GUANXI_ALLOW_PRIVATE_SOURCES", "true"), ("GUANXI_SOURCE_CRM", json.dumps(secret)))
        for day in DAYS:
            house = NightHouse(folder / "home", (*common, ("GUANXI_ERP_URL", direct.erp_urls[day])))
            fill_zoho(crm.store, direct.books[day], evening=_evening(day))
            _read(house, day, company=company)
        _assert_same_marts(_relations(house, company, tmp_path), direct)


def test_a_fxiaoke_and_an_odoo_give_the_same_marts(direct: Direct, tmp_path: Path) -> None:
    odoo, crm = OdooServer(), FxiaokeServer(Store())
    crm.store.hire(ADMIN, "管理员", ADMIN_MOBILE)
    with ExitStack() as stack:
        folder = stack.enter_context(reachable_folder())
        erp_url = stack.enter_context(serving(odoo, odoo.script)).url
        crm_url = stack.enter_context(serving(crm.answer, crm.script)).url
        company = _company(folder, "fxiaoke_and_odoo", {"ERP_ADDRESS": erp_url, "CRM_ADDRESS": crm_url})
        crm_secret = {
            "app_id": APP["appId"], "app_secret": APP["appSecret"], "permanent_code": APP["permanentCode"],
            "mobile": ADMIN_MOBILE,
        }  # fmt: skip
        house = NightHouse(
            folder / "home",
            (
                ("GUANXI_ALLOW_PRIVATE_SOURCES", "true"),
                ("GUANXI_SOURCE_ERP", json.dumps({"api_key": odoo.key, "login": odoo.login})),
                ("GUANXI_SOURCE_CRM", json.dumps(crm_secret)),
            ),
        )
        for day in DAYS:
            fill_odoo(odoo.store, direct.books[day], evening=_evening(day))
            fill_fxiaoke(crm.store, direct.books[day], evening=_evening(day))
            _read(house, day, company=company)
        _assert_same_marts(_relations(house, company, tmp_path), direct)
