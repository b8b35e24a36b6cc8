"""Extracts from a PostgreSQL that is not ours: what is read, how far, and what stops it."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from sources.databases.opening import open_database
from sources.errors import MissingTableError, RetypedColumnError, SourceUnreachableError
from sources.mapping.reader import read_mapping
from sources.tables import MissingColumnError, RenamedColumnError
from tests.sources.workshop import Workshop
from warehouse.embedded import free_port

TABLE = """
    create schema erp;
    create table erp.sales (
        no text, buyer text, placed_at timestamptz, amount double precision, paid boolean, write_date timestamptz
    );
    insert into erp.sales values
        ('1', 'x', '2026-01-05 08:00+01', 0.1, true, '2026-01-05 09:00+01'),
        ('2', 'y', '2026-01-05 23:30+01', 1e15, false, '2026-01-05 23:45+01');
"""
SOURCE: dict[str, Any] = {
    "kind": "erp_database",
    "url": "${GUANXI_ERP_URL}",
    "datasets": {"sales": {"table": "erp.sales", "cursor": "write_date", "happened_at": "placed_at"}},
    "entities": {
        "orders": {"from": "sales", "fields": {"order_id": "no", "account_id": "buyer", "ordered_at": "placed_at"}},
        "order_lines": {
            "from": "sales",
            "fields": {"order_line_id": "no", "order_id": "no", "quantity": {"value": 1}, "net_amount": "amount"},
        },
    },
}


@pytest.fixture
def erp(workshop: Workshop, scratch_database: str) -> str:
    workshop.source = dict(SOURCE)
    workshop.source["datasets"] = {"sales": dict(SOURCE["datasets"]["sales"])}
    _execute(scratch_database, TABLE)
    return scratch_database


def _execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements)


def test_rows_arrive_exactly(workshop: Workshop, erp: str) -> None:
    counts = workshop.counts("2026-01-05", erp_url=erp)
    assert (counts["orders"].new, counts["order_lines"].new) == (2, 2)
    assert workshop.query(
        "select order_id, (ordered_at at time zone 'UTC')::text, (known_at at time zone 'UTC')::text from raw.orders"
        " order by 1"
    ) == [("1", "2026-01-05 07:00:00", "2026-01-05 07:00:00"), ("2", "2026-01-05 22:30:00", "2026-01-05 22:30:00")]
    assert workshop.query("select net_amount from raw.order_lines order by record_id") == [
        (Decimal("0.1"),),
        (Decimal(10**15),),
    ]


def test_only_rows_since_the_watermark_and_its_lookback_are_read(workshop: Workshop, erp: str) -> None:
    _execute(erp, "insert into erp.sales values ('0', 'x', '2026-01-01', 1, true, '2026-01-01')")
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(
        erp,
        "insert into erp.sales values ('3', 'x', '2026-01-06', 3, true, '2026-01-06'),"
        " ('4', 'x', '2026-01-05', 4, true, '2026-01-05 00:00+01'),"  # committed late, inside the lookback
        " ('5', 'x', '2026-01-06', 5, true, null);"
        " update erp.sales set amount = 7 where no = '0'",  # without touching write_date: stays unseen
    )
    counts = workshop.counts("2026-01-06", erp_url=erp)["order_lines"]
    assert (counts.extracted, counts.new, counts.unchanged, counts.changed) == (5, 3, 2, 0)
    assert workshop.query("select watermark from ops.cursors order by as_of") == [
        ("2026-01-05 22:45:00+00",),
        ("2026-01-06 00:00:00+00",),
    ]


def test_rows_that_wait_for_their_day_are_read_again(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["lookback_days"] = 0
    _execute(erp, "insert into erp.sales values ('3', 'x', '2026-01-07', 3, true, '2026-01-05 12:00+01')")
    assert workshop.counts("2026-01-05", erp_url=erp)["orders"].held_back == 1
    assert workshop.query("select watermark from ops.cursors") == [("2026-01-05 11:00:00+00",)]
    assert workshop.counts("2026-01-07", erp_url=erp)["orders"].new == 1


def test_the_same_day_again_starts_where_the_day_before_ended(workshop: Workshop, erp: str) -> None:
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(erp, "insert into erp.sales values ('3', 'x', '2026-01-09', 3, true, '2026-01-09')")
    assert workshop.counts("2026-01-09", erp_url=erp)["orders"].new == 1
    assert workshop.counts("2026-01-09", erp_url=erp)["orders"].new == 1
    assert workshop.query("select count(*) from raw.orders") == [(3,)]


def test_a_query_can_be_a_dataset(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"] = {
        "query": "select *, amount * 2 as \"双倍 %\" from erp.sales where buyer <> 'y'",
        "mode": "full",
    }
    workshop.source["entities"] = {
        "order_lines": {
            "from": "sales",
            "fields": {"order_line_id": "no", "order_id": "no", "quantity": {"value": 1}, "net_amount": "双倍 %"},
        }
    }
    workshop.extract("2026-01-05", erp_url=erp)
    assert workshop.query("select record_id, net_amount::text from raw.order_lines") == [("1", "0.2")]


def test_an_incremental_night_without_news_changes_nothing(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["lookback_days"] = 0
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(erp, "delete from erp.sales")
    counts = workshop.counts("2026-01-06", erp_url=erp)["orders"]
    assert (counts.extracted, counts.new) == (0, 0)
    assert workshop.query("select distinct watermark from ops.cursors") == [("2026-01-05 22:45:00+00",)]


@pytest.mark.usefixtures("erp")
def test_a_server_that_is_not_there(workshop: Workshop) -> None:
    text = _refusal(workshop, f"postgresql://reader:s3cret@127.0.0.1:{free_port()}/erp", SourceUnreachableError)
    assert "127.0.0.1:" in text
    assert "nothing listens there" in text


@pytest.mark.usefixtures("erp")
def test_no_url_at_all(workshop: Workshop) -> None:
    assert "GUANXI_ERP_URL is not set" in _refusal(workshop, None, SourceUnreachableError)


def test_a_wrong_password(workshop: Workshop, erp: str) -> None:
    parts = urlsplit(erp)
    wrong = erp.replace(f":{parts.password}@", ":s3cret@")
    assert "the password was refused" in _refusal(workshop, wrong, SourceUnreachableError)


def test_a_missing_table(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["table"] = "erp.orders"
    assert "no table erp.orders" in _refusal(workshop, erp, MissingTableError)


def test_a_table_we_may_not_read(workshop: Workshop, erp: str) -> None:
    with psycopg.connect(erp, autocommit=True) as connection:
        connection.execute("create role blind login password 'blind'")
    try:
        parts = urlsplit(erp)
        blind = f"postgresql://blind:blind@{parts.hostname}:{parts.port}{parts.path}"
        assert "no right to read it" in _refusal(workshop, blind, MissingTableError)
    finally:
        with psycopg.connect(erp, autocommit=True) as connection, contextlib.suppress(psycopg.Error):
            connection.execute("drop role blind")


def test_a_renamed_column(workshop: Workshop, erp: str) -> None:
    _execute(erp, "alter table erp.sales rename amount to amount_net")
    assert "amount (now amount_net?)" in _refusal(workshop, erp, RenamedColumnError)


def test_a_missing_column(workshop: Workshop, erp: str) -> None:
    _execute(erp, "alter table erp.sales drop amount")
    assert "no column amount" in _refusal(workshop, erp, MissingColumnError)


@pytest.mark.parametrize(
    ("column", "new", "kind"),
    [("amount", "boolean using true", "a boolean"), ("placed_at", "numeric using 1", "a number"),
     ("amount", "uuid using gen_random_uuid()", "a special type")],
)  # fmt: skip
def test_a_retyped_column(workshop: Workshop, erp: str, column: str, new: str, kind: str) -> None:
    _execute(erp, f"alter table erp.sales alter {column} type {new}")
    text = _refusal(workshop, erp, RetypedColumnError)
    assert f"column {column}" in text
    assert kind in text


@pytest.mark.usefixtures("erp")
def test_the_password_is_in_no_representation(workshop: Workshop) -> None:
    database = open_database(read_mapping(workshop.company(), "shop"), erp_url="postgresql://a:s3cret@127.0.0.1/x")
    assert "s3cret" not in repr(database) + database.thing


def test_a_swept_dataset_sees_what_was_deleted(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"] |= {"sweep": True, "lookback_days": 0}
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(erp, "delete from erp.sales where no = '1'")
    counts = workshop.counts("2026-01-06", erp_url=erp)["orders"]
    assert (counts.extracted, counts.deleted) == (1, 1)
    assert workshop.query("select record_id from raw.orders where is_deleted") == [("1",)]


def test_the_test_of_a_source_tells_its_server_and_its_rows(workshop: Workshop, erp: str) -> None:
    mapping = read_mapping(workshop.company(), "shop")
    first, second = open_database(mapping, erp_url=erp).test()
    assert first.is_well
    assert first.told.startswith("PostgreSQL ")
    assert (second.is_well, second.told) == (True, "2 rows, 6 columns, newest write_date 2026-01-05 22:45:00+00")
    _execute(erp, "alter table erp.sales drop amount")
    _, second = open_database(mapping, erp_url=erp).test()
    assert (second.is_well, second.told) == (False, "no column amount among 1 others")
    (only,) = open_database(mapping, erp_url=f"postgresql://a:s3cret@127.0.0.1:{free_port()}/erp").test()
    assert (only.is_well, only.told) == (False, "nothing listens there")


def _refusal(workshop: Workshop, url: str | None, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        workshop.extract("2026-01-05", erp_url=url)
    text = str(caught.value)
    assert type(caught.value) is kind
    assert "s3cret" not in text
    assert workshop.query("select distinct state from ops.extracts") == [("failed",)]
    return text


def test_two_tables_of_many_batches_are_read_one_after_the_other(workshop: Workshop, erp: str) -> None:
    """The driver streams 16 MB at a time; a second query on its connection would end the first."""
    _execute(
        erp,
        """
        create table erp.buyers as
        select 'buyer ' || n as no, repeat('x', 100) as name, timestamptz '2026-01-02' as since
        from generate_series(1, 250000) as n;
        create table erp.goods as select no, name as title, since from erp.buyers;
        """,
    )
    workshop.source = {
        "kind": "erp_database",
        "url": "${GUANXI_ERP_URL}",
        "datasets": {"buyers": {"table": "erp.buyers"}, "goods": {"table": "erp.goods"}},
        "entities": {
            "accounts": {"from": "buyers", "known_at": "since", "fields": {"account_id": "no", "account_name": "name"}},
            "products": {"from": "goods", "known_at": "since", "fields": {"product_id": "no", "product_name": "title"}},
        },
    }
    counts = workshop.counts("2026-01-05", erp_url=erp)
    assert (counts["accounts"].new, counts["products"].new) == (250000, 250000)


def _newest(workshop: Workshop) -> dict[str, Decimal]:
    """Return what raw holds of every order line that is there, as its newest version says."""
    return dict(
        workshop.query(
            "select record_id, net_amount from (select distinct on (record_id) * from raw.order_lines"
            " order by record_id, known_at desc) as newest where not is_deleted"
        )
    )


def _held(erp: str) -> dict[str, Decimal]:
    with psycopg.connect(erp) as connection:
        return dict(connection.execute("select no, amount::numeric from erp.sales").fetchall())


def test_first_load_then_nothing_then_inserts_updates_and_deletes(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["sweep"] = True
    assert workshop.counts("2026-01-05", erp_url=erp)["order_lines"].new == 2
    second = workshop.counts("2026-01-06", erp_url=erp)["order_lines"]
    assert (second.new, second.changed, second.deleted) == (0, 0, 0)
    _execute(
        erp,
        "insert into erp.sales values ('3', 'x', '2026-01-07', 3, true, '2026-01-07 01:00+01');"
        " update erp.sales set amount = 8, write_date = '2026-01-07 02:00+01' where no = '2';"
        " delete from erp.sales where no = '1'",
    )
    third = workshop.counts("2026-01-07", erp_url=erp)["order_lines"]
    assert (third.new, third.changed, third.deleted) == (1, 1, 1)
    assert _newest(workshop) == _held(erp)


def test_rows_stamped_early_and_committed_late_are_found_the_next_night(workshop: Workshop, erp: str) -> None:
    """A transaction that is open while we read, and one whose server's clock runs behind by hours."""
    with psycopg.connect(erp) as late:
        late.execute("insert into erp.sales values ('3', 'x', '2026-01-05', 3, true, '2026-01-05 20:00+01')")
        assert workshop.counts("2026-01-05", erp_url=erp)["order_lines"].new == 2
    _execute(erp, "insert into erp.sales values ('4', 'x', '2026-01-06', 4, true, '2026-01-05 01:00+01')")
    assert workshop.counts("2026-01-06", erp_url=erp)["order_lines"].new == 2
    assert _newest(workshop) == _held(erp)


def test_rows_of_the_very_moment_of_the_watermark_are_read_again(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"]["lookback_days"] = 0
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(
        erp,
        "insert into erp.sales select 'same ' || n, 'x', '2026-01-05', n, true, '2026-01-05 23:45+01'"
        " from generate_series(1, 5) as n",
    )
    assert workshop.counts("2026-01-06", erp_url=erp)["order_lines"].new == 5
    assert _newest(workshop) == _held(erp)


def test_a_clock_that_runs_ahead_hides_nothing_that_comes_after_it(workshop: Workshop, erp: str) -> None:
    """A stamp of tomorrow moves the watermark past rows written before it; the lookback covers as far as it reaches."""
    _execute(erp, "update erp.sales set write_date = '2026-01-06 12:00+01' where no = '1'")
    workshop.extract("2026-01-05", erp_url=erp)
    _execute(erp, "insert into erp.sales values ('3', 'x', '2026-01-06', 3, true, '2026-01-06 09:00+01')")
    assert workshop.counts("2026-01-06", erp_url=erp)["order_lines"].new == 1
    assert _newest(workshop) == _held(erp)


def test_an_edit_while_rows_are_read_is_seen_whole_the_next_night(workshop: Workshop, erp: str) -> None:
    """The edit comes after the snapshot's first row: neither half of it may be in this night."""
    workshop.source["datasets"]["sales"]["sweep"] = True
    edits = iter(
        ["update erp.sales set amount = amount + 100, write_date = '2026-01-06'; delete from erp.sales where no = '1'"]
    )

    def tell(line: str) -> None:
        if "read" in line and (edit := next(edits, None)):
            _execute(erp, edit)

    workshop.tell = tell
    assert workshop.counts("2026-01-05", erp_url=erp)["order_lines"].new == 2
    assert next(edits, None) is None, "the edit was made"
    assert _newest(workshop) == {"1": Decimal("0.1"), "2": Decimal(10**15)}
    workshop.tell = None
    after = workshop.counts("2026-01-06", erp_url=erp)["order_lines"]
    assert (after.changed, after.deleted) == (1, 1)
    assert _newest(workshop) == _held(erp)
