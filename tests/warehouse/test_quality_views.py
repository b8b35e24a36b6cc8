"""The views on the ledger: what they show of every night, and that their contracts say the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml

from warehouse.database import Role, Warehouse
from warehouse.published_tables import VIEWS_GLOB

ROOT = Path(__file__).resolve().parents[2]
VIEWS = {
    model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
    for file in ROOT.glob(VIEWS_GLOB)
    for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
}
LEDGER = """
insert into ops.sources (source, kind, rank) values ('erp', 'files', 1), ('crm', 'files', 2);
insert into ops.runs (gen, run_id, as_of, timezone, state, published_at) values
(1, 'one', '2026-03-30', 'UTC', 'published', now()), (2, 'two', '2026-03-31', 'UTC', 'rejected', null);
insert into ops.check_results (
    gen, attempt, stage, suite, expectation, severity, is_success, observed, expected, description_en, description_zh,
    column_name, failed_count, checked_count
) values
(1, 1, 'raw', 'raw_orders', 'ExpectRows', 'critical', true, '9', '≥ 1', 'Rows.', '行。', 'rows_count', null, null),
(2, 1, 'raw', 'raw_orders', 'ExpectRows', 'critical', false, '0', '≥ 1', 'Rows.', '行。', 'rows_count', null, null),
(2, 1, 'scores', 'scores_churn_lists', 'ExpectReason', 'warning', false, '3 / 9', '0', 'Why.', '原因。', 'r', 3, 9);
insert into quarantine.rows (gen, attempt, source, entity, rule, record_id, "row", seen) values
(2, 1, 'erp', 'orders', 'date', 'o1', '{"name": "Ann"}', 'soon'), (2, 1, 'erp', 'orders', 'date', 'o2', '{}', 'later'),
(2, 1, 'erp', 'orders', 'amount', 'o3', '{}', 'much');
insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count, new_count,
    unchanged_count, seconds) values
(1, 1, 'erp', 'orders', 'orders', '2026-03-30', true, 'loaded', 2, 2, 0, 1),
(1, 1, 'erp', 'products', 'products', '2026-03-30', true, 'loaded', 1, 1, 0, 1),
(1, 1, 'crm', 'accounts', 'accounts', '2026-03-30', true, 'loaded', 1, 1, 0, 1),
(2, 1, 'erp', 'orders', 'orders', '2026-03-31', true, 'loaded', 2, 0, 2, 1),
(2, 1, 'crm', 'accounts', 'accounts', '2026-03-31', true, 'carried', 0, 0, 0, 1);
update ops.extracts set newest_event_date = '2026-03-27' where gen = 1 and entity = 'orders';
update ops.extracts set newest_event_date = '2026-03-25' where gen = 2 and entity = 'orders';
update ops.extracts set newest_event_date = '2026-03-31' where gen = 2 and entity = 'accounts';
"""


@pytest.fixture
def reader(warehouse: Warehouse) -> psycopg.Connection:
    with warehouse.connect_admin() as connection:
        connection.execute("delete from ops.sources")
        connection.execute(LEDGER)
    return warehouse.connect(Role.READER)


def test_the_views_are_as_their_contracts_say(reader: psycopg.Connection) -> None:
    with reader:
        for name, columns in VIEWS.items():
            found = reader.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 order by attnum",
                (f"bi.{name}",),
            ).fetchall()
            assert found == list(columns.items()), name
    assert len(VIEWS) == 5


def test_a_reader_sees_what_stopped_a_night_and_no_row_of_the_quarantine(reader: psycopg.Connection) -> None:
    with reader:
        checks = reader.execute(
            "select gen, table_name, expectation, is_blocking, failed_count, checked_count, is_published"
            " from bi.fct_data_quality_checks order by 1, 3 desc"
        ).fetchall()
        assert checks == [
            (1, "orders", "ExpectRows", False, None, None, True),
            (2, "orders", "ExpectRows", True, None, None, False),
            (2, "churn_lists", "ExpectReason", False, 3, 9, False),
        ]
        counts = reader.execute(
            "select rule, rows_count, as_of_date from bi.fct_quarantine_counts order by 1"
        ).fetchall()
        assert counts == [("amount", 1, date(2026, 3, 31)), ("date", 2, date(2026, 3, 31))]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute('select "row" from quarantine.rows')


def test_freshness_tells_what_was_carried_and_when_a_source_last_had_news(reader: psycopg.Connection) -> None:
    with reader:
        found = reader.execute(
            "select gen, source, extract_state, is_carried_forward, staleness_hours, newest_known_date,"
            " newest_event_date from bi.fct_source_freshness order by 1, 2"
        ).fetchall()
    assert found == [
        (1, "crm", "loaded", False, 0, date(2026, 3, 30), None),
        (1, "erp", "loaded", False, 0, date(2026, 3, 30), date(2026, 3, 27)),
        (2, "crm", "carried", True, 24, date(2026, 3, 30), None),
        (2, "erp", "loaded", False, 0, date(2026, 3, 30), date(2026, 3, 27)),
    ]


def test_each_entity_tells_how_old_its_newest_event_is(reader: psycopg.Connection) -> None:
    """Orders were read on both days, the second day only older ones; products tell no day of their own."""
    with reader:
        found = reader.execute(
            "select gen, source, entity, newest_known_date, newest_event_date, event_age_days"
            " from bi.fct_entity_freshness order by 1, 2, 3"
        ).fetchall()
    known, event = date(2026, 3, 30), date(2026, 3, 27)
    assert found == [
        (1, "crm", "accounts", known, None, None),
        (1, "erp", "orders", known, event, 3),
        (1, "erp", "products", known, None, None),
        (2, "crm", "accounts", known, None, None),
        (2, "erp", "orders", known, event, 4),
        (2, "erp", "products", known, None, None),
    ]
