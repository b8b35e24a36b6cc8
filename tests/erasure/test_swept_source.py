"""A source that gives changes and all its keys: an erased person is no vanished record, and its deletion is seen."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from erasure.erase import Eraser, Places
from tests.canaries import canary, found_in_database
from tests.sources.workshop import Workshop
from warehouse.database import Warehouse

PERSON, MAIL = canary("id"), canary("mail")
TABLE = f"""
    create schema crm;
    create table crm.people (id text, customer text, mail text, hobby text, write_date timestamptz);
    insert into crm.people values
        ('{PERSON}', 'K1', '{MAIL}', 'chess', '2026-01-05 09:00+01'), ('P2', 'K1', 'b@example.com', null, '2026-01-05');
"""


@pytest.fixture
def crm(workshop: Workshop, scratch_database: str) -> str:
    workshop.source = {
        "kind": "erp_database",
        "url": "${GUANXI_ERP_URL}",
        "datasets": {"people": {"table": "crm.people", "cursor": "write_date", "sweep": True, "lookback_days": 0}},
        "entities": {
            "contacts": {
                "from": "people",
                "fields": {"contact_id": "id", "account_id": "customer", "email": "mail"},
                "extra": {"hobby": "hobby"},
            }
        },
    }
    _execute(scratch_database, TABLE)
    return scratch_database


def _execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def _erase(warehouse: Warehouse, folder: Path) -> None:
    Eraser(warehouse, Places(folder / "none", frozenset()), by="the test", reason=None).erase(PERSON, "shop")


def test_neither_a_key_nor_a_change_brings_it_back(workshop: Workshop, crm: str) -> None:
    assert workshop.counts("2026-01-05", erp_url=crm)["contacts"].new == 2
    _erase(workshop.warehouse, workshop.folder)
    second = workshop.counts("2026-01-06", erp_url=crm)["contacts"]
    assert (second.new, second.changed, second.deleted) == (0, 0, 0)
    moved = "update crm.people set customer = 'K2', hobby = 'go', write_date = '2026-01-07'"
    _execute(crm, f"{moved} where id = '{PERSON}'")
    third = workshop.counts("2026-01-07", erp_url=crm)["contacts"]
    assert (third.new, third.changed, third.deleted, third.erased) == (0, 1, 0, 1)
    _execute(crm, f"delete from crm.people where id = '{PERSON}'")
    fourth = workshop.counts("2026-01-08", erp_url=crm)["contacts"]
    assert (fourth.new, fourth.changed, fourth.deleted) == (0, 0, 1)
    rows = workshop.query(
        "select account_id, is_deleted, email, extra from raw.contacts where contact_id <> 'P2' order by known_at"
    )
    assert [row[:2] for row in rows] == [("K1", False), ("K2", False), ("K2", True)]
    assert {row[2:] for row in rows} == {(None, None)}
    assert found_in_database(workshop.warehouse.admin_url, {"id": PERSON, "mail": MAIL}) == []
