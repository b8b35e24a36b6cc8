"""Marts that lie in pieces: a night writes the months that changed, and every generation is whole all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from tests.warehouse.nights import DAY, MARTS, ROWS, Hand, one
from warehouse.database import Role, Warehouse
from warehouse.publication import BuildRefusedError
from warehouse.published_tables import ContractChangedError, Mart, ensure_published_tables

LINES = next(mart for mart in MARTS if mart.pieces_by)
OTHERS = tuple(mart for mart in MARTS if mart != LINES)
MONTHS = 6  # five, and the lines without a date
NEXT = DAY + timedelta(days=1)


def _pieces(hand: Hand, gen: int) -> dict[date | None, int]:
    with hand.admin.transaction():
        rows = hand.admin.execute(
            "select nullif(month, '-infinity'), piece from ops.pieces join ops.generation_pieces using (piece)"
            " where gen = %s",
            (gen,),
        ).fetchall()
    return dict(rows)


def _night(hand: Hand, number: int, *, also: str = "", keep: int = 7) -> int:
    """A night whose lines are those of all others, but for what is said."""
    night = hand.open(f"night-{number}", as_of=DAY + timedelta(days=number))
    hand.build(night, mark=number, also=f"update fct_order_lines set mark = 0; {also}")
    hand.audit(night)
    hand.publish(night, keep=keep)
    return night.gen


def _lines(hand: Hand) -> list[tuple[object, ...]]:
    with hand.reader.transaction():
        return hand.reader.execute(
            "select mark, as_of_date, count(*) from bi.fct_order_lines group by 1, 2 order by 1"
        ).fetchall()


def test_a_night_writes_only_the_months_that_changed(hand: Hand) -> None:
    first = _night(hand, 1)
    second = _night(hand, 2, also="update fct_order_lines set mark = 9 where order_date = '2026-01-15'")
    before, after = _pieces(hand, first), _pieces(hand, second)
    assert len(before) == len(after) == MONTHS
    assert [month for month in before if before[month] != after[month]] == [date(2026, 1, 1)]
    with hand.admin.transaction():
        stored = one(hand.admin.execute("select count(*) from pub.fct_order_lines").fetchone())[0]
        january = one(
            hand.admin.execute(
                "select row_count from ops.pieces where piece = %s", (after[date(2026, 1, 1)],)
            ).fetchone()
        )[0]
    assert stored == ROWS + january < 2 * ROWS


def test_the_day_of_every_row_is_the_live_nights(hand: Hand) -> None:
    first = _night(hand, 1)
    assert _lines(hand) == [(0, DAY + timedelta(days=1), ROWS)]
    _night(hand, 2, also="update fct_order_lines set mark = 9 where order_date is null")
    assert _lines(hand) == [(0, DAY + timedelta(days=2), ROWS - ROWS // 10), (9, DAY + timedelta(days=2), ROWS // 10)]
    hand.roll_back(first)
    assert _lines(hand) == [(0, DAY + timedelta(days=1), ROWS)]


def test_a_month_that_is_gone_and_comes_back_is_shared_again(hand: Hand) -> None:
    gone = "delete from fct_order_lines where order_date >= '2026-03-01'"
    first, second, third = _night(hand, 1), _night(hand, 2, also=gone), _night(hand, 3)
    assert len(_pieces(hand, second)) == MONTHS - 1
    assert _pieces(hand, third) == _pieces(hand, first)


def test_what_no_generation_has_any_more_is_forgotten_and_what_one_has_is_kept(hand: Hand) -> None:
    for number in range(1, 5):
        _night(hand, number, also=f"update fct_order_lines set mark = {number} where order_date is null", keep=2)
    with hand.admin.transaction():
        stored = hand.admin.execute(
            "select mark, count(*) from pub.fct_order_lines group by mark order by mark"
        ).fetchall()
        pieces = one(hand.admin.execute("select count(*) from ops.pieces").fetchone())[0]
    assert stored == [(0, ROWS - ROWS // 10), (3, ROWS // 10), (4, ROWS // 10)]
    assert pieces == MONTHS + 1


def test_a_row_of_another_day_is_refused(hand: Hand) -> None:
    night = hand.open()
    hand.build(night, mark=1, also="update fct_order_lines set as_of_date = as_of_date - 1 where order_date is null")
    with pytest.raises(BuildRefusedError) as refused:
        hand.audit(night)
    assert f"mart fct_order_lines has {ROWS // 10} rows that are not of {DAY}" in refused.value.seen


def test_a_mart_that_was_kept_whole_goes_on_in_pieces(core: Warehouse, hand: Hand) -> None:
    def ensure(*marts: Mart) -> None:
        with core.connect_admin() as connection:
            ensure_published_tables(connection, marts)

    with core.connect_admin() as admin:
        admin.execute("drop table pub.fct_order_lines cascade")
    ensure(replace(LINES, pieces_by=None), *OTHERS)
    with core.connect_admin() as admin:
        admin.execute("create schema reports")
        admin.execute("create view reports.lines as select as_of_date, mark from bi.fct_order_lines")
    first, second = hand.whole("one", mark=1), hand.whole("two", mark=2, as_of=NEXT, rows=150)
    ensure(*MARTS)
    ensure(*MARTS)
    assert hand.live() == (second.gen, [2], 150 * len(MARTS))
    hand.roll_back(first.gen)
    assert hand.live() == (first.gen, [1], ROWS * len(MARTS))
    hand.roll_back(second.gen)
    third = hand.whole("three", mark=3, as_of=NEXT + timedelta(days=1), keep=2)
    assert len(_pieces(hand, third.gen)) == MONTHS
    with core.connect_admin() as admin:
        rows = admin.execute("select distinct as_of_date, mark from reports.lines").fetchall()
        marks = admin.execute("select distinct mark from pub.fct_order_lines order by 1").fetchall()
    assert rows == [(NEXT + timedelta(days=1), 3)]
    assert marks == [(2,), (3,)]
    with pytest.raises(ContractChangedError, match="pieces_by is no longer declared"):
        ensure(replace(LINES, pieces_by=None), *OTHERS)


def test_an_added_column_is_empty_in_old_pieces_and_full_in_the_next_nights(core: Warehouse, hand: Hand) -> None:
    first = _night(hand, 1)
    with core.connect_admin() as connection:
        ensure_published_tables(connection, (replace(LINES, columns=(("region", "text"), *LINES.columns)), *OTHERS))
    second = _night(hand, 2, also="alter table fct_order_lines add column region text default 'north'")
    with core.connect(Role.READER) as reader:
        assert reader.execute("select distinct region from bi.fct_order_lines").fetchall() == [("north",)]
        hand.roll_back(first)
        assert reader.execute("select distinct region from bi.fct_order_lines").fetchall() == [(None,)]
    assert not set(_pieces(hand, first).values()) & set(_pieces(hand, second).values())


def test_a_reader_finds_an_accounts_rows_by_an_index(core: Warehouse) -> None:
    with core.connect_admin() as admin:
        names = [row[0] for row in admin.execute("select indexdef from pg_indexes where tablename = 'fct_order_lines'")]
    assert any("(piece, account_id)" in name for name in names)


def test_readers_have_no_way_round_the_view(core: Warehouse) -> None:
    for table in ("ops.pieces", "ops.generation_pieces", "pub.fct_order_lines"):
        with core.connect(Role.READER) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"select * from {table}".encode())
