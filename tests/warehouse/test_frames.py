"""Frames that go into PostgreSQL and come back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg import sql

from tests.warehouse.nights import Hand
from warehouse import frames
from warehouse.frames import read_frame, write_frame


@pytest.fixture
def connection(hand: Hand) -> psycopg.Connection:
    """A connection with a table of every kind of column that a mart has."""
    hand.admin.execute(
        "create table pub.kinds (number integer, big bigint, amount numeric, rate double precision, word text,"
        " flag boolean, day date, moment timestamptz)"
    )
    hand.admin.commit()
    return hand.admin


def test_every_kind_of_value_arrives_as_it_left(connection: psycopg.Connection) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    frame = pd.DataFrame(
        {
            "word": ["客户\t1\n\\N", "", None],
            "number": pd.array([1, None, -3], dtype="Int64"),
            "big": [2**62, 0, -1],
            "amount": [Decimal("1.10"), None, Decimal("-0.001")],
            "rate": [0.1, np.nan, -2.5e300],
            "flag": [True, None, False],
            "day": [date(2026, 2, 28), None, date(1999, 12, 31)],
            "moment": pd.Series([moment, pd.NaT, moment], dtype="datetime64[us, UTC]"),
        }
    )
    assert write_frame(connection, "pub", "kinds", frame) == 3
    rows = connection.execute("select word, number, big, amount, rate, flag, day, moment from pub.kinds").fetchall()
    assert rows == [
        ("客户\t1\n\\N", 1, 2**62, Decimal("1.10"), 0.1, True, date(2026, 2, 28), moment),
        ("", None, 0, None, None, None, None, None),
        (None, -3, -1, Decimal("-0.001"), -2.5e300, False, date(1999, 12, 31), moment),
    ]


def test_a_categorical_and_a_whole_number_of_numpy_arrive(connection: psycopg.Connection) -> None:
    frame = pd.DataFrame(
        {"word": pd.Categorical(["a", None, "b"]), "number": np.array([1, 2, 3], dtype="int32"), "flag": [True] * 3}
    )
    write_frame(connection, "pub", "kinds", frame)
    rows = connection.execute("select word, number, flag from pub.kinds").fetchall()
    assert rows == [("a", 1, True), (None, 2, True), ("b", 3, True)]


def test_an_empty_frame_writes_nothing_and_an_empty_table_reads_as_its_columns(connection: psycopg.Connection) -> None:
    assert write_frame(connection, "pub", "kinds", pd.DataFrame({"word": [], "number": []})) == 0
    frame = read_frame(connection, "select word, rate from pub.kinds")
    assert {str(name): str(dtype) for name, dtype in frame.dtypes.items()} == {"word": "str", "rate": "float64"}
    assert len(frame) == 0


def test_a_column_reads_the_same_however_many_blocks_it_took(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute(
        "insert into pub.kinds (number, rate, word, flag) select case when i > 4 then i end,"
        " case when i > 4 then i end, case when i > 4 then 'w' || i end, i > 4 from generate_series(1, 10) i"
    )
    for order in ("number", "number nulls first"):
        query = sql.SQL("select number, rate, word, flag from pub.kinds order by {}").format(sql.SQL(order))
        monkeypatch.setattr(frames, "_BLOCK", 1000)
        whole = read_frame(connection, query)
        monkeypatch.setattr(frames, "_BLOCK", 3)
        pd.testing.assert_frame_equal(read_frame(connection, query), whole)
        assert [str(dtype) for dtype in whole.dtypes] == ["float64", "float64", "str", "bool"]


def test_a_column_of_nulls_alone_still_has_the_type_of_its_kind(connection: psycopg.Connection) -> None:
    connection.execute("insert into pub.kinds (big) values (7), (8)")
    frame = read_frame(connection, "select big, rate, word, number from pub.kinds")
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "float64", "str", "float64"]
    assert frame[["rate", "word", "number"]].isna().all(axis=None)


def test_a_query_takes_parameters(connection: psycopg.Connection) -> None:
    frame = read_frame(connection, "select %s::text as word, %s::integer as number", ["x", 2])
    assert frame.to_dict("records") == [{"word": "x", "number": 2}]


def test_a_column_the_table_lacks_is_refused(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedColumn):
        write_frame(connection, "pub", "kinds", pd.DataFrame({"colour": ["red"]}))
