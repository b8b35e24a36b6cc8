"""`guanxi sources init`: a first mapping of what there is, which the rest of the house then understands."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
import yaml

from sources.mapping.reader import BadMappingError, read_mapping
from tests.sources.commands.runs import COMPANY, SECRET, Run, write_company
from tests.sources.odoo.desk import Desk
from warehouse.company import load_company
from warehouse.errors import Problem

OTHER = {"name": "other", "kind": "files"}


def _adopt(folder: Path, text: str) -> list[dict[str, Any]]:
    """Put a first mapping where it belongs and return what a reader of YAML sees of it."""
    start = yaml.safe_dump(COMPANY, allow_unicode=True)
    (folder / "company.yml").write_text(f"{start}sources:\n{text}", encoding="utf-8")
    entries: list[dict[str, Any]] = yaml.safe_load("sources:\n" + text)["sources"]
    return entries


def _settings(desk: Desk) -> tuple[str, ...]:
    return ("--setting", f"base_url={desk.url}", "--setting", "database=acme", "--setting", "page_size=5")


def test_the_first_mapping_of_a_live_system_can_be_tried_at_once(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    done = run("init", "odoo", "--name", "crm", *_settings(desk))
    assert done.exit_code == 0
    assert "not there: sale.order: " in done.stderr
    entries = _adopt(tmp_path, done.stdout)
    assert entries[0]["name"] == "crm"
    assert entries[0]["settings"] == {"base_url": desk.url, "database": "acme", "page_size": 5}
    assert entries[0]["entities"]["contacts"]["from"] == "res_partner"
    assert "# Further objects of the system" not in done.stdout, "the server tells of no other"
    tried = run("test", "--source", "crm")
    assert (tried.exit_code, "✓ dataset res_partner, columns" in tried.stdout) == (0, True)


def test_the_address_of_a_source_that_stands_in_company_yml_is_not_said_twice(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    settings = {"base_url": desk.url, "database": "acme"}
    write_company(tmp_path, {"name": "crm", "kind": "odoo", "settings": settings})
    done = run("init", "odoo", "--name", "crm", "--object", "res.partner")
    assert yaml.safe_load(done.stdout)[0]["settings"] == settings
    assert run("init", "zoho_crm", "--name", "crm").exit_code == 2


def test_an_object_of_the_companys_own_is_described(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    done = run("init", "odoo", "--name", "crm", "--object", "res.partner.category", "--object", "nothing.like.it",
               *_settings(desk))  # fmt: skip
    assert done.exit_code == 0
    assert "not there: nothing.like.it" in done.stderr
    comments = " ".join(line.strip("# ") for line in done.stdout.splitlines() if line.lstrip().startswith("#"))
    assert "res.partner.category: " in comments
    assert "name text (Name)" in comments
    assert "Further objects of the system, to be asked for with --object: crm.lead, res.partner." in comments


def test_nothing_is_written_when_the_system_does_not_let_us_in(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    desk.server.key = "another key"
    done = run("init", "odoo", "--name", "crm", "--out", str(tmp_path / "crm.yml"), *_settings(desk))
    assert isinstance(done.exception, Problem)
    assert list(tmp_path.glob("*crm.yml*")) == []


def test_a_file_that_is_there_is_not_overwritten(run: Run, desk: Desk, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    out = tmp_path / "crm.yml"
    words = ("init", "odoo", "--name", "crm", "--object", "res.partner", "--out", str(out), *_settings(desk))
    assert run(*words).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert yaml.safe_load(text)[0]["kind"] == "odoo"
    assert SECRET not in text
    assert "it is there already" in str(run(*words).exception)
    assert out.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("words", [("--name", "Big CRM"), ("--name", "crm", "--setting", "base_url")])
def test_a_command_line_that_makes_no_sense_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    write_company(tmp_path, OTHER)
    assert run("init", "odoo", *words).exit_code == 2


def test_a_wrong_setting_is_named(run: Run, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    refused = run("init", "odoo", "--name", "crm", "--setting", "base_urll=x")
    assert isinstance(refused.exception, BadMappingError)


def test_a_database_gives_its_tables_and_a_frame(
    run: Run, tmp_path: Path, scratch_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(scratch_database) as connection:
        connection.execute(
            "create schema erp; create table erp.sales_order (order_no text, 客户 text, placed_at timestamptz);"
            "create table erp.customer (customer_no text); create view public.open_orders as select 1 as n"
        )
    monkeypatch.setenv("GUANXI_ERP_URL", scratch_database)
    write_company(tmp_path, OTHER)
    done = run("init", "erp_database", "--name", "erp")
    assert done.exit_code == 0
    for line in ("  # erp.customer", "  #     customer_no text", "  # erp.sales_order",
                 "  #     order_no text, 客户 text, placed_at timestamp with time zone",
                 "  # public.open_orders", "  #     n integer"):  # fmt: skip
        assert line in done.stdout.splitlines()
    _adopt(tmp_path, done.stdout)
    mapping = read_mapping(load_company(str(tmp_path)), "erp")
    assert [each.entity for each in mapping.entities] == ["accounts", "orders", "order_lines"]
    tried = run("test", "--source", "erp")
    assert (tried.exit_code, "SCHEMA.TABLE" in tried.stdout) == (1, True)
    only = run("init", "erp_database", "--name", "erp", "--object", "sales_*").stdout
    assert ("erp.sales_order" in only, "erp.customer" in only) == (True, False)
    assert "no table that matches nope" in str(run("init", "erp_database", "--name", "e", "--object", "nope").exception)


def test_files_give_a_dataset_for_each_kind_that_is_found(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "deep").mkdir(parents=True)
    for month in ("04", "05"):
        (folder / f"sales_2026{month}.csv").write_text("order,day,amount\n1,2026-05-01,9\n", encoding="utf-8")
    (folder / "kunden.csv").write_text("Nr;Name;Straße\n1;Zoë;x\n", encoding="cp1252")
    (folder / "客户.csv").write_text("编号,名称,地区\n1,上海贸易有限公司,华东\n", encoding="gb18030")
    (folder / "deep" / "old.csv.gz").write_bytes(gzip.compress("a\tb\n1\t2\n".encode("utf-16")))
    book = openpyxl.Workbook()
    book.active.append(["Customer No", "Since"])
    book.save(folder / "customers.xlsx")
    (folder / "broken.xlsx").write_text("no spreadsheet")
    (folder / "notes.txt").write_text("x")
    write_company(tmp_path, OTHER)
    done = run("init", "files", "--name", "shop", "--path", str(folder))
    assert done.exit_code == 0
    assert "not there: broken.xlsx: it is not a real xlsx file" in done.stderr
    (entry,) = _adopt(tmp_path, done.stdout)
    assert {name: {key: each for key, each in dataset.items() if key != "mode"}
            for name, dataset in entry["datasets"].items()} == {
        "customers": {"files": ["customers.xlsx"]},
        "old": {"files": ["deep/old.csv.gz"], "encoding": "utf-16", "delimiter": "\t"},
        "kunden": {"files": ["kunden.csv"], "encoding": "cp1252", "delimiter": ";"},
        "sales": {"files": ["sales_*.csv"]},
        "files": {"files": ["客户.csv"], "encoding": "gb18030"},
    }  # fmt: skip
    assert [entry["datasets"][name]["mode"] for name in ("sales", "kunden")] == ["append", "full"]
    assert "#     编号, 名称, 地区" in done.stdout
    assert "Zoë" not in done.stdout
    with pytest.raises(BadMappingError, match="no entity is made of it"):  # which datasets matter, a person decides
        read_mapping(load_company(str(tmp_path)), "shop")


def test_one_file_gives_a_frame_that_only_wants_its_columns_filled_in(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("order,day,amount\n1,2026-05-01,9\n", encoding="utf-8")
    write_company(tmp_path, OTHER)
    text = run("init", "files", "--name", "shop", "--path", str(tmp_path / "sales.csv")).stdout
    columns = {"order_line_id": "order", "order_id": "order", "account_id": "order", "ordered_at": "day",
               "quantity": "amount", "net_amount": "amount"}  # fmt: skip
    filled = re.sub(r"^( +)(\w+): COLUMN", lambda found: f"{found[1]}{found[2]}: {columns[found[2]]}", text, flags=re.M)
    _adopt(tmp_path, filled)
    tried = run("test")
    assert tried.exit_code == 0, tried.output


def test_a_folder_without_a_file_says_which_would_do(run: Run, tmp_path: Path) -> None:
    write_company(tmp_path, OTHER)
    (tmp_path / "empty").mkdir()
    refused = run("init", "files", "--name", "shop", "--path", str(tmp_path / "empty"))
    assert "csv.gz" in str(refused.exception)
