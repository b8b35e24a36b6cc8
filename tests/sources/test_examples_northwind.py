"""Northwind, a whole ERP database, arrives as its own SQL says: contacts, prices and discounts exact."""

from __future__ import annotations

import csv
import re
import subprocess
from decimal import Decimal

import numpy as np
import pytest

from sources.loading.report import EntityReport
from tests.sources.workshop import SHARED, Workshop
from warehouse.embedded import binaries

FILE = SHARED / "northwind" / "northwind.sql"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the real file is not at {FILE}")


def _rows(table: str) -> list[list[str | None]]:
    """The rows of a table, as the file's insert statements have them."""
    text = FILE.read_text(encoding="utf-8")
    found = re.findall(rf"^INSERT INTO {table} VALUES \((.*)\);$", text, re.M)
    values = csv.reader((each.replace("''", "\0") for each in found), quotechar="'", skipinitialspace=True)
    return [[None if value == "NULL" else value.replace("\0", "'") for value in row] for row in values]


def _exact(value: str | None) -> Decimal:
    """A number of the file as the single precision that the database keeps shows it."""
    return Decimal(str(np.float32(value or "0")))


@pytest.fixture
def loaded(workshop: Workshop, scratch_database: str) -> dict[str, EntityReport]:
    command = [str(binaries() / "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(FILE), scratch_database]
    subprocess.run(command, check=True, capture_output=True)
    return workshop.load("northwind", "erp", "1998-05-06", erp_url=scratch_database)


def test_everything_arrives_and_nothing_is_refused(loaded: dict[str, EntityReport]) -> None:
    customers = len(_rows("customers"))
    assert {name: (each.new, each.quarantined) for name, each in loaded.items()} == {
        "accounts": (customers, 0),
        "contacts": (customers, 0),
        "account_managers": (len(_rows("employees")), 0),
        "products": (len(_rows("products")), 0),
        "orders": (len(_rows("orders")), 0),
        "order_lines": (len(_rows("order_details")), 0),
    }
    assert (customers, len(_rows("orders")), len(_rows("order_details"))) == (91, 830, 2155)


def test_amounts_are_exact(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    assert loaded
    net = gross = Decimal(0)
    for _, _, price, quantity, discount in _rows("order_details"):
        worth = _exact(price) * int(quantity or 0)
        gross += worth
        net += worth * (1 - _exact(discount))
    assert workshop.query("select sum(net_amount), sum(net_amount + discount_amount) from raw.order_lines") == [
        (net, gross)
    ]
    assert round(net, 2) == Decimal("1265793.04")


def test_the_contact_in_the_customers_row_is_a_contact(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    assert loaded
    people = {row[0]: (row[2], row[3]) for row in _rows("customers")}
    kept = workshop.query("select account_id, contact_name, job_title from raw.contacts")
    assert {account: (name, title) for account, name, title in kept} == people
    owners = sum(str(title).startswith("Owner") for _, title in people.values())
    assert workshop.query("select count(*) from raw.contacts where seniority = 'executive'") == [(owners,)]


def test_orders_that_were_not_sent_are_open_and_two_customers_never_ordered(
    workshop: Workshop, loaded: dict[str, EntityReport]
) -> None:
    assert loaded
    orders = _rows("orders")
    waiting = sum(row[5] is None for row in orders)
    assert waiting == 21
    assert workshop.query("select count(*) from raw.orders where status = 'open' and delivered_date is null") == [
        (waiting,)
    ]
    never = {row[0] for row in _rows("customers")} - {row[1] for row in orders}
    assert workshop.query(
        "select account_id from raw.accounts where account_id not in (select account_id from raw.orders) order by 1"
    ) == [(account,) for account in sorted(filter(None, never))]
    assert len(never) == 2


def test_who_reports_to_whom_is_kept(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    assert loaded
    known = {row[0]: row[16] for row in _rows("employees")}
    assert dict(workshop.query("select account_manager_id, reports_to_id from raw.account_managers")) == known
