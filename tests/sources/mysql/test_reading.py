"""Extracts from a MariaDB that is not ours: its values as text, and how far it is read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.servers.mariadb import MariadbServer
from tests.sources.mysql.shop import database_of
from tests.sources.workshop import Workshop

pytestmark = pytest.mark.xdist_group("mariadb")


def _values(workshop: Workshop, url: str, **columns: str) -> tuple[dict[str, list[str | None]], list[str]]:
    """Return what is read of a table `t` with these columns (name: type), and the warnings."""
    workshop.source["datasets"] = {"t": {"table": "t", "columns": list(columns)}}
    workshop.source["entities"] = {
        "accounts": {"from": "t", "fields": {"account_id": next(iter(columns))}},
    }
    database, warnings = database_of(workshop, url), list[str]()
    with database.inspected() as inspection:
        shape = {each.name: inspection.columns_of(each) for each in database.mapping.datasets}
    with database.snapshot(shape, progress=lambda _: None, warnings=warnings) as snapshot:
        tables = [batch.drop_columns(["file_number", "row_number"]) for batch in snapshot.feeds({})[0].batches]
    read = {
        name: [value for table in tables for value in table.column(place).to_pylist()]
        for place, name in enumerate(columns)
    }
    return read, warnings


def test_its_tables_and_columns_can_be_listed(workshop: Workshop, erp: str, sql: Any) -> None:
    sql("create view open_sales as select no from sales")
    with database_of(workshop, erp).inspected() as inspection:
        listed = inspection.catalogue()
    assert [each for each in listed if each[1] == "no"] == [
        ("größe 1.open_sales", "no", "varchar"), ("größe 1.sales", "no", "varchar"),
    ]  # fmt: skip
    assert len(listed) == 7


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


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("bigint unsigned", "18446744073709551615", "18446744073709551615"),
        ("decimal(38,6)", "'12345678901234567890123456789012.000001'", "12345678901234567890123456789012.000001"),
        ("double", "0.1", "0.1"),
        ("double", "12345678901234567", "1.2345678901234568e16"),
        ("float", "16777216", "1.6777216e7"),
        ("float", "0.1", "0.1"),
        ("tinyint(1)", "true", "1"),
        ("bit(1)", "b'1'", "1"),
        ("bit(12)", "b'101010101010'", "2730"),
        ("year", "2026", "2026"),
        ("date", "'2026-02-28'", "2026-02-28"),
        ("datetime", "'2026-02-28 23:59:59'", "2026-02-28 23:59:59"),
        ("datetime(6)", "'2026-02-28 23:59:59.000001'", "2026-02-28 23:59:59.000001"),
        ("timestamp", "'2026-02-28 23:59:59'", "2026-02-28 23:59:59+00"),
        ("time", "'-838:59:59'", "-838:59:59"),
        ("varchar(50) charset gbk", "'上海\"贸易\"\\n, 有限'", '上海"贸易"\n, 有限'),
        ("varchar(50) charset utf8mb4", "'𠮷野家 🏯'", "𠮷野家 🏯"),
        ("char(5) charset latin1", "'Zoë'", "Zoë"),
        ("text", "''", ""),
        ("enum('klein','groß')", "'groß'", "groß"),
        ("set('a','b')", "'a,b'", "a,b"),
        ("json", "'{\"a\": \"ü\"}'", '{"a": "ü"}'),
        ("varbinary(4)", "x'00ff2c22'", r"\x00ff2c22"),
        ("binary(2)", "x'6162'", r"\x6162"),
        ("point", "point(1, 2)", r"\x000000000101000000000000000000f03f0000000000000040"),
    ],
)  # fmt: skip
def test_every_type_has_one_text(workshop: Workshop, erp: str, sql: Any, kind: str, value: str, text: str) -> None:
    sql(f"create table t (v {kind} null)", f"insert into t values ({value}), (null)")
    read, warnings = _values(workshop, erp, v=kind)
    got = read["v"]
    assert got[1] is None
    if "e" in text and kind in ("double", "float"):
        assert got[0] is not None
        assert Decimal(got[0]) == Decimal(text)
    else:
        assert got[0] == text
    assert warnings == []


def test_zero_dates_are_missing_and_told(workshop: Workshop, erp: str, sql: Any) -> None:
    sql(
        "set sql_mode = 'ALLOW_INVALID_DATES'",
        "create table t (d date, m datetime(3), s timestamp null, x varchar(20))",
        "insert into t values ('0000-00-00', '0000-00-00 00:00:00', 0, '0000-00-00'),"
        " ('2026-01-05', '0000-00-00', null, null)",
    )
    read, warnings = _values(workshop, erp, d="", m="", s="", x="")
    assert read == {"d": [None, "2026-01-05"], "m": [None, None], "s": [None, None], "x": ["0000-00-00", None]}
    assert warnings == [
        "shop.t: 1 values of d are 0000-00-00, taken as missing",
        "shop.t: 2 values of m are 0000-00-00, taken as missing",
        "shop.t: 1 values of s are 0000-00-00, taken as missing",
    ]


def test_hostile_texts_stay_what_they_are(workshop: Workshop, erp: str, sql: Any) -> None:
    hostile = [
        '"',
        '""',
        "a,b",
        "line\nbreak",
        "\r\n",
        "\\",
        "\\N",
        "'",
        "NULL",
        "",
        " ",
        "`; drop table t; --",
        "\t%s",
    ]
    rows = ", ".join(f"({n}, 0x{text.encode().hex() or '00'})" for n, text in enumerate(hostile) if text)
    sql('create table t (`n``o` int, `v "x` text charset utf8mb4)', f"insert into t values {rows}, (9, '')")
    read, _ = _values(workshop, erp, **{"n`o": "", 'v "x': ""})
    assert dict(zip(read["n`o"], read['v "x'], strict=True)) == {str(n): text for n, text in enumerate(hostile)}


def test_only_rows_since_the_watermark_and_its_lookback_are_read(workshop: Workshop, erp: str, sql: Any) -> None:
    sql("insert into sales values ('0', 'x', '2026-01-01', 1, 1, '2026-01-01')")
    workshop.extract("2026-01-05", erp_url=erp)
    sql(
        "insert into sales values ('3', 'x', '2026-01-06', 3, 1, '2026-01-06'),"
        " ('4', 'x', '2026-01-05', 4, 1, '2026-01-05 00:00'),"  # committed late, inside the lookback
        " ('5', 'x', '2026-01-06', 5, 1, null)",
        "update sales set amount = 7 where no = '0'",  # without touching changed_at: stays unseen
    )
    counts = workshop.counts("2026-01-06", erp_url=erp)["order_lines"]
    assert (counts.extracted, counts.new, counts.unchanged, counts.changed) == (5, 3, 2, 0)
    assert workshop.query("select watermark from ops.cursors order by as_of") == [
        ("2026-01-05 23:45:00.000000",),
        ("2026-01-06 00:00:00.000000",),
    ]


def test_first_load_then_nothing_then_inserts_updates_and_deletes(workshop: Workshop, erp: str, sql: Any) -> None:
    """One of the new rows is of the very moment of the watermark."""
    workshop.source["datasets"]["sales"] |= {"sweep": True, "lookback_days": 0}
    assert workshop.counts("2026-01-05", erp_url=erp)["order_lines"].new == 2
    second = workshop.counts("2026-01-06", erp_url=erp)["order_lines"]
    assert (second.new, second.changed, second.deleted) == (0, 0, 0)
    sql(
        "insert into sales values ('3', 'x', '2026-01-05 22:00', 3, 1, '2026-01-05 23:45')",
        "update sales set amount = 8, changed_at = '2026-01-06 02:00' where no = '2'",
        "delete from sales where no = '1'",
    )
    third = workshop.counts("2026-01-07", erp_url=erp)["order_lines"]
    assert (third.new, third.changed, third.deleted) == (1, 1, 1)
    assert workshop.query(
        "select record_id, net_amount::int from (select distinct on (record_id) * from raw.order_lines"
        " order by record_id, known_at desc) as newest where not is_deleted order by 1"
    ) == [("2", 8), ("3", 3)]


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("timestamp(6) null", "'2026-01-01 10:00:00.000001'", "'2026-01-01 10:00:00.000002'"),
        ("date", "'2026-01-01'", "'2026-01-02'"),
        ("bigint unsigned", "18446744073709551614", "18446744073709551615"),  # as doubles these are equal
        ("decimal(30,10)", "12345678901234567.0000000001", "12345678901234567.0000000002"),
    ],
)
def test_a_cursor_of_any_type_goes_on_where_it_ended(
    workshop: Workshop, erp: str, sql: Any, kind: str, old: str, new: str
) -> None:
    sql(f"alter table sales modify changed_at {kind}", f"update sales set changed_at = {old}")
    workshop.source["datasets"]["sales"]["lookback_days"] = 0
    assert workshop.counts("2026-01-05", erp_url=erp)["orders"].new == 2
    sql(f"update sales set changed_at = {new} where no = '2'")
    assert workshop.counts("2026-01-06", erp_url=erp)["orders"].extracted == 2
    assert workshop.counts("2026-01-07", erp_url=erp)["orders"].extracted == 1


def test_a_query_can_be_a_dataset(workshop: Workshop, erp: str) -> None:
    workshop.source["datasets"]["sales"] = {
        "query": "select s.*, amount * 2 as `双倍 %` from sales as s where buyer like '%x%' -- all of x",
    }
    workshop.source["entities"] = {
        "order_lines": {
            "from": "sales",
            "fields": {"order_line_id": "no", "order_id": "no", "quantity": {"value": 1}, "net_amount": "双倍 %"},
        }
    }
    workshop.extract("2026-01-05", erp_url=erp)
    assert workshop.query("select record_id, net_amount::text from raw.order_lines") == [("1", "0.2")]


def test_a_swept_dataset_sees_what_was_deleted(workshop: Workshop, erp: str, sql: Any) -> None:
    workshop.source["datasets"]["sales"] |= {"sweep": True, "lookback_days": 0}
    workshop.extract("2026-01-05", erp_url=erp)
    sql("delete from sales where no = '1'")
    counts = workshop.counts("2026-01-06", erp_url=erp)["orders"]
    assert (counts.extracted, counts.deleted) == (1, 1)
    assert workshop.query("select record_id from raw.orders where is_deleted") == [("1",)]


def test_all_datasets_are_of_one_moment(workshop: Workshop, erp: str, sql: Any) -> None:
    workshop.source["datasets"]["sales"]["sweep"] = True
    database = database_of(workshop, erp)
    with database.inspected() as inspection:
        shape = {each.name: inspection.columns_of(each) for each in database.mapping.datasets}
    with database.snapshot(shape, progress=lambda _: None, warnings=[]) as snapshot:
        (rows,), (keys,) = snapshot.feeds({}), snapshot.key_feeds()
        assert sum(batch.num_rows for batch in rows.batches) == 2
        sql("delete from sales where no = '1'", "insert into sales (no) values ('7'), ('8')")
        (batch,) = keys.batches
    assert batch.schema.names == ["file_number", "row_number", "c1"]
    assert sorted(batch.column("c1").to_pylist()) == ["1", "2"]


def test_a_snapshot_that_is_left_early_does_not_read_the_rest(workshop: Workshop, erp: str, sql: Any) -> None:
    sql(
        "create table t (v varchar(200))",
        "insert into t select repeat('x', 200) from seq_1_to_400000",
    )
    workshop.source["datasets"] = {"t": {"table": "t"}}
    workshop.source["entities"] = {"accounts": {"from": "t", "fields": {"account_id": "v"}}}
    database = database_of(workshop, erp)
    with database.inspected() as inspection:
        shape = {each.name: inspection.columns_of(each) for each in database.mapping.datasets}
    with database.snapshot(shape, progress=lambda _: None, warnings=[]) as snapshot:
        batches = snapshot.feeds({})[0].batches
        first = next(batches)
        batches.close()  # type: ignore[attr-defined]
    assert 1_000 < first.num_rows < 100_000


def test_large_tables_come_in_batches(workshop: Workshop, erp: str, sql: Any) -> None:
    sql(
        "create table buyers as select concat('buyer ', seq) as no, repeat('x', 100) as name from seq_1_to_150000",
        "create table goods as select no, name as title from buyers",
    )
    workshop.source["datasets"] = {"buyers": {"table": "buyers"}, "goods": {"table": "goods"}}
    workshop.source["entities"] = {
        "accounts": {"from": "buyers", "fields": {"account_id": "no", "account_name": "name"}},
        "products": {"from": "goods", "fields": {"product_id": "no", "product_name": "title"}},
    }
    counts = workshop.counts("2026-01-05", erp_url=erp)
    assert (counts["accounts"].new, counts["products"].new) == (150000, 150000)


def test_the_test_of_a_source_tells_its_server_and_its_rows(workshop: Workshop, erp: str, sql: Any) -> None:
    first, second = database_of(workshop, erp).test()
    assert first.is_well
    assert "MariaDB" in first.told
    assert "user root@127.0.0.1" in first.told
    assert (second.is_well, second.told) == (True, "2 rows, 6 columns, newest changed_at 2026-01-05 23:45:00.000000")
    sql("alter table sales drop amount")
    _, second = database_of(workshop, erp).test()
    assert (second.is_well, second.told) == (False, "no column amount among 1 others")


def test_rows_stamped_early_and_committed_late_are_found_the_next_night(
    workshop: Workshop, erp: str, sql: Any, mariadb: MariadbServer
) -> None:
    """A transaction that is open while we read, and one whose server's clock runs behind by hours."""
    with mariadb.connect("größe 1") as late, late.cursor() as cursor:
        cursor.execute("set time_zone = '+00:00'")
        cursor.execute("start transaction")
        cursor.execute("insert into sales values ('3', 'x', '2026-01-05', 3, 1, '2026-01-05 20:00')")
        assert workshop.counts("2026-01-05", erp_url=erp)["order_lines"].new == 2
        cursor.execute("commit")
    sql("insert into sales values ('4', 'x', '2026-01-06', 4, 1, '2026-01-05 01:00')")
    assert workshop.counts("2026-01-06", erp_url=erp)["order_lines"].new == 2
    assert _keys(workshop) == ["1", "2", "3", "4"]


def test_a_clock_that_runs_ahead_hides_nothing_that_comes_after_it(workshop: Workshop, erp: str, sql: Any) -> None:
    """A stamp of tomorrow moves the watermark past rows written before it; the lookback covers as far as it reaches."""
    sql("update sales set changed_at = '2026-01-06 12:00' where no = '1'")
    workshop.extract("2026-01-05", erp_url=erp)
    sql("insert into sales values ('3', 'x', '2026-01-06', 3, 1, '2026-01-06 09:00')")
    assert workshop.counts("2026-01-06", erp_url=erp)["order_lines"].new == 1
    assert _keys(workshop) == ["1", "2", "3"]


def _keys(workshop: Workshop) -> list[str]:
    return [key for (key,) in workshop.query("select distinct record_id from raw.order_lines order by record_id")]
