"""Every format in every encoding a company is likely to export gives the same rows; a wrong encoding is told."""

from __future__ import annotations

import codecs
import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources.files.csv_file import open_csv
from sources.files.parquet_file import open_parquet
from sources.files.spreadsheet import open_spreadsheet
from sources.tables import OpenTable, WrongEncodingError
from tests.conftest import ROOT

CHINESE = [["编号", "名称"], ["1", '上海"贸易"有限公司'], ["2", "第一行\n第二行, 完"], ["3", ""]]
TRADITIONAL = [["編號", "名稱"], ["1", '臺北"貿易"公司'], ["2", "第一行\n第二行, 完"], ["3", ""]]
WESTERN = [["Nr", "Straße"], ["1", 'Zoë "Größe"'], ["2", "Zeile 1\nZeile 2, Ende; Schluß"], ["3", ""]]
RARE = [["编号", "名称"], ["1", '"𠮷野家"'], ["2", "镕\n堃, 完"], ["3", ""]]


def _text(rows: list[list[str]], delimiter: str) -> str:
    quoted = ['"' + cell.replace('"', '""') + '"' if cell else "" for row in rows for cell in row]
    return "".join(f"{first}{delimiter}{second}\r\n" for first, second in zip(quoted[::2], quoted[1::2], strict=True))


def _rows(table: OpenTable) -> list[list[str | None]]:
    header: list[str | None] = [*table.header]
    batches = table.read(range(len(header)))
    return [header, *([*row.values()] for batch in batches for row in batch.to_pylist())]


def _expected(rows: list[list[str]]) -> list[list[str | None]]:
    return [[cell or None for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("said", "written", "mark", "rows"),
    [
        ("utf-8", "utf-8", b"", RARE),
        ("utf-8", "utf-8", codecs.BOM_UTF8, CHINESE),
        ("utf-8-sig", "utf-8", codecs.BOM_UTF8, WESTERN),
        ("gbk", "gbk", b"", CHINESE),
        ("gb18030", "gb18030", b"", RARE),
        ("gb18030", "gbk", b"", CHINESE),
        ("big5", "big5", b"", TRADITIONAL),
        ("utf-16", "utf-16-le", codecs.BOM_UTF16_LE, RARE),
        ("utf-16", "utf-16-be", codecs.BOM_UTF16_BE, CHINESE),
        ("utf-16-le", "utf-16-le", b"", CHINESE),
        ("utf-16-be", "utf-16-be", b"", RARE),
        ("utf-16-le", "utf-16-le", codecs.BOM_UTF16_LE, CHINESE),
        ("cp1252", "cp1252", b"", WESTERN),
        ("latin-1", "latin-1", b"", WESTERN),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_csv_in_any_encoding(
    tmp_path: Path, said: str, written: str, mark: bytes, rows: list[list[str]], delimiter: str, suffix: str
) -> None:
    content = mark + _text(rows, delimiter).encode(written)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(content) if suffix == ".csv.gz" else content)
    assert _rows(open_csv(path, thing="a", encoding=said, delimiter=delimiter)) == _expected(rows)


@pytest.mark.parametrize(
    ("said", "written", "rows", "likely"),
    [
        ("utf-8", "gbk", CHINESE, "gb18030"),
        ("utf-8", "big5", TRADITIONAL, "big5"),
        ("utf-8", "cp1252", WESTERN, "cp1252"),
        ("utf-8", "utf-16", CHINESE, "utf-16"),
        ("utf-16", "utf-8", WESTERN, "utf-8"),
        ("gbk", "utf-16", CHINESE, "utf-16"),
    ],
)
def test_a_wrong_encoding_is_told_with_those_that_fit(
    tmp_path: Path, said: str, written: str, rows: list[list[str]], likely: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_text(rows, ",").encode(written))
    with pytest.raises(WrongEncodingError) as caught:
        _rows(open_csv(path, thing="a", encoding=said, delimiter=","))
    text = str(caught.value)
    assert f"is not {said}" in text
    assert likely in text
    assert rows[1][1] not in text


TYPED = [
    ["order", "customer", "day", "amount"],
    ["17850", "上海贸易", "2026-01-05 08:30:00", "2.5"],
    ["2", "Zoë", "2026-01-05 00:00:00", "-3"],
]
OF_CELLS = [*TYPED[:2], ["2", "Zoë", "2026-01-05", "-3"]]  # a cell of a day has no hour
CELLS: list[list[object]] = [
    [17850, "上海贸易", dt.datetime(2026, 1, 5, 8, 30), 2.5],  # noqa: DTZ001
    [2, "Zoë", dt.datetime(2026, 1, 5), -3],  # noqa: DTZ001
]


def test_an_old_spreadsheet_with_dates_and_numbers_as_cells() -> None:
    table = open_spreadsheet(ROOT / "tests" / "data" / "files" / "lines.xls", thing="a", sheet="Lines")
    assert _rows(table) == OF_CELLS


def test_a_spreadsheet_with_dates_and_numbers_as_cells(write_xlsx: Callable[..., Path]) -> None:
    assert _rows(open_spreadsheet(write_xlsx("a.xlsx", [TYPED[0], *CELLS]), thing="a", sheet=None)) == OF_CELLS


def test_a_parquet_file_with_typed_columns(tmp_path: Path) -> None:
    schema = pa.schema({"order": pa.int32(), "customer": pa.large_string(), "day": pa.timestamp("ms"),
                        "amount": pa.decimal128(12, 1)})  # fmt: skip
    rows = [dict(zip(TYPED[0], [*row[:3], Decimal(str(row[3]))], strict=True)) for row in CELLS]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "a.parquet")
    assert _rows(open_parquet(tmp_path / "a.parquet", thing="a")) == TYPED
