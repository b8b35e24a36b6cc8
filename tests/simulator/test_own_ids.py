"""A simulated company whose CRM numbers its customers itself."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from stdnum.cn import uscc

from simulator import simulate
from tests.simulator.simulated_company import FIRST_DAY, Simulated

DAY = date(2024, 6, 28)


def _write(company: Simulated, day: date = DAY) -> None:
    simulate(
        erp_url=company.url, crm_folder=company.crm, truth_file=company.truth, as_of=day, accounts=400, seed=7,
        first_day=FIRST_DAY, crm_has_own_ids=True,
    )  # fmt: skip


def _crm(folder: Path) -> list[dict[str, str]]:
    with (folder / "accounts.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_truth_says_whose_each_record_is(company: Simulated) -> None:
    _write(company)
    rows = {row["客户编号"]: row for row in _crm(company.crm)}
    truth: dict[str, list[str]] = {
        row["account_id"]: row["crm_account_ids"] for row in pq.read_table(company.truth).to_pylist()
    }
    named = [crm_id for ids in truth.values() for crm_id in ids]
    assert len(named) == len(set(named))
    assert set(named) == {crm_id for crm_id, row in rows.items() if row["客户状态"] == "合作"}
    assert {row["客户状态"] for crm_id, row in rows.items() if crm_id not in set(named)} == {"潜在"}
    assert any(len(ids) == 2 for ids in truth.values()), "some customers were entered twice"
    looked_up = {crm_id: row["ERP编号"] for crm_id, row in rows.items() if row["ERP编号"]}
    assert looked_up
    assert all(crm_id in truth[number] for crm_id, number in looked_up.items())


def test_the_erp_s_tax_numbers_are_valid_and_its_groups_came_before_their_members(company: Simulated) -> None:
    _write(company)
    rows: list[tuple[Any, ...]] = company.rows("select customer_no, tax_no, website, parent_no from erp.customer")
    taxes = [tax for _, tax, _, _ in rows if tax]
    assert len(taxes) > 0.9 * len(rows)
    assert all(uscc.is_valid(tax) for tax in taxes)
    assert len(set(taxes)) == len(taxes)
    parents = {number: parent for number, _, _, parent in rows if parent}
    assert parents
    assert all(parent < number for number, parent in parents.items())
    sites = [site for _, _, site, _ in rows if site]
    assert len(set(sites)) < len(sites), "companies of a group share their domain"


def test_the_same_day_twice_is_the_same_company_and_a_later_one_keeps_its_ids(
    company: Simulated, other_company: Simulated
) -> None:
    _write(company)
    before = company.fingerprint()
    _write(company)
    assert company.fingerprint() == before
    ids = {row["客户编号"] for row in _crm(company.crm)}
    _write(other_company, date(2024, 5, 1))
    assert {row["客户编号"] for row in _crm(other_company.crm)} < ids
