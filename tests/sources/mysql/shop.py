"""A shop's table in a MariaDB, and the source that reads it."""

from __future__ import annotations

from typing import Any

from sources.databases.database import SourceDatabase
from sources.databases.opening import open_database
from sources.mapping.reader import read_mapping
from tests.sources.workshop import Workshop

TABLE = """
    create table sales (
        no varchar(20) primary key, buyer varchar(20), placed_at timestamp(6) null, amount double, paid tinyint(1),
        changed_at datetime(6), key (changed_at)
    ) default charset latin1
"""
ROWS = """
    insert into sales values
        ('1', 'x', '2026-01-05 07:00', 0.1, 1, '2026-01-05 09:00'),
        ('2', 'y', '2026-01-05 22:30', 1e15, 0, '2026-01-05 23:45')
"""
SOURCE: dict[str, Any] = {
    "kind": "erp_database",
    "url": "${GUANXI_ERP_URL}",
    "datasets": {"sales": {"table": "sales", "cursor": "changed_at", "happened_at": "placed_at"}},
    "entities": {
        "orders": {"from": "sales", "fields": {"order_id": "no", "account_id": "buyer", "ordered_at": "placed_at"}},
        "order_lines": {
            "from": "sales",
            "fields": {"order_line_id": "no", "order_id": "no", "quantity": {"value": 1}, "net_amount": "amount"},
        },
    },
}


def database_of(workshop: Workshop, url: str) -> SourceDatabase:
    return open_database(read_mapping(workshop.company(), "shop"), erp_url=url, environment={})
