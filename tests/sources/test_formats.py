"""The same rows load alike from every format, and hostile names or values stay what they are: data."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.files.text_columns import as_text, text_of
from tests.sources.workshop import Workshop

HOSTILE = [
    "客户编号",
    'a"; drop table raw.order_lines; --',
    "Mixed Case",
    "mixed case",
    "%s %(x)s {0}",
    "é" * 100,
    "select",
    "a__b",
    "a▶b",
    "back\\slash",
    "'quoted'",
]


def test_csv_gzip_spreadsheet_and_parquet_load_alike(workshop: Workshop, write_xlsx: Callable[..., Path]) -> None:
    workshop.source["entities"]["order_lines"]["fields"] |= {
        "order_line_id": {"hash": [{"column": "order", "strip": r"\.0$"}, "customer"]},
        "order_id": {"column": "order", "strip": r"\.0$"},
        "product_id": "customer",
        "quantity": "amount",
    }
    header = ["order", "customer", "day", "amount"]
    text = ["17850.0,上海,2026-01-05 08:30:00,2.50", "2,,2026-01-05 00:00:00,-3"]
    workshop.csv("a.csv", [",".join(header), *text])
    assert workshop.counts("2026-01-05")["order_lines"].new == 2
    once = workshop.query("select record_id, content_hash, known_at from raw.order_lines order by 1")

    (workshop.data / "a.csv").unlink()
    (workshop.data / "b.csv.gz").write_bytes(gzip.compress("\n".join([",".join(header), *text]).encode()))
    _load_unchanged(workshop, "2026-01-06")
    rows: list[list[object]] = [
        [17850.0, "上海", dt.datetime(2026, 1, 5, 8, 30), 2.5],  # noqa: DTZ001
        [2, None, dt.datetime(2026, 1, 5), -3],  # noqa: DTZ001
    ]
    write_xlsx("c.xlsx", [list(header), *rows])
    _load_unchanged(workshop, "2026-01-07")
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(header)})
    pq.write_table(table, workshop.data / "d.parquet")
    _load_unchanged(workshop, "2026-01-08")
    assert workshop.query("select record_id, content_hash, known_at from raw.order_lines order by 1") == once


def _load_unchanged(workshop: Workshop, day: str) -> None:
    report = workshop.counts(day)["order_lines"]
    assert (report.extracted, report.unchanged) == (2, 2)


def test_hostile_column_names_and_values_are_only_data(workshop: Workshop) -> None:
    values = {name: f"{name}'); drop table x; --" for name in HOSTILE}
    fields = {"order_line_id": {"hash": HOSTILE}, "order_id": HOSTILE[0], "quantity": "n", "net_amount": "n"}
    workshop.source["datasets"]["lines"] = {"files": "*.parquet", "mode": "append", "columns": [*HOSTILE, "n"]}
    workshop.source["entities"] = {"order_lines": {"from": "lines", "fields": fields | {"product_id": HOSTILE[-1]}}}
    columns = {name: [value, value] for name, value in values.items()}
    pq.write_table(pa.table(columns | {"n": ["1", "bad"]}), workshop.data / "a.parquet")
    report = workshop.counts("2026-01-01")["order_lines"]
    assert (report.new, report.quarantined) == (1, 1)
    assert workshop.query("select order_id, product_id from raw.order_lines") == [
        (values[HOSTILE[0]], values[HOSTILE[-1]])
    ]
    # the refused row is kept under the source's own names, each with its value
    assert workshop.query('select "row" from quarantine.rows') == [(values | {"n": "bad"},)]


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(2**52), 2**52).map(float))
def test_a_double_is_the_same_text_in_a_column_and_in_a_cell(number: float) -> None:
    (text,) = as_text(pa.array([number])).to_pylist()
    if number - number != 0:  # NaN and the infinities are no values
        assert text is None
    else:
        assert float(text) == number
        if number.is_integer() and abs(number) < 2**53:
            assert text == str(int(number)) == text_of(number)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17850, "17850"),
        (True, "true"),
        (Decimal("2.50"), "2.50"),
        (Decimal("2.00"), "2"),
        (dt.date(2026, 1, 5), "2026-01-05"),
        (dt.datetime(2026, 1, 5, 8, 30), "2026-01-05 08:30:00"),  # noqa: DTZ001
        (dt.datetime(2026, 1, 5, 8, 30, 0, 500000), "2026-01-05 08:30:00.500000"),  # noqa: DTZ001
        (dt.datetime(2026, 1, 5, 8, 30, tzinfo=dt.UTC), "2026-01-05 08:30:00+00"),
        ("17850.0", "17850.0"),
        (None, None),
    ],
)
def test_values_as_text(value: object, text: str | None) -> None:
    assert as_text(pa.array([value])).to_pylist() == [text]


def test_a_dictionary_column_is_read_as_its_values() -> None:
    assert as_text(pa.array(["a", "b", "a"]).dictionary_encode()).to_pylist() == ["a", "b", "a"]


def test_large_files_are_read_in_batches(workshop: Workshop) -> None:
    number = pa.array(range(120_000))
    table = pa.table({"order": number, "customer": number, "day": ["2026-01-05"] * 120_000, "amount": number})
    pq.write_table(table, workshop.data / "a.parquet")
    assert workshop.counts("2026-01-05")["order_lines"].new == 120_000
    assert workshop.query("select max(row_count), count(*) from ops.files") == [(120_000, 1)]
