"""Every bad file stops the extract with a problem that says what to do, and never shows a word of the content."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources.files.store import MissingDataError
from sources.tables import (
    BadFileError,
    EmptyFileError,
    MissingColumnError,
    RenamedColumnError,
    TruncatedFileError,
    WrongEncodingError,
)
from tests.sources.workshop import Workshop
from warehouse.errors import Problem

HEADER = "order,customer,day,amount\n"
SECRET = "Zoë Geheim"
ROW = f"1,{SECRET},2026-01-05,1\n"


def _refused(workshop: Workshop, kind: type[Problem]) -> str:
    with pytest.raises(Problem) as caught:
        workshop.extract("2026-01-05")
    assert type(caught.value) is kind
    text = str(caught.value)
    assert SECRET not in text
    for part in ("seen:", "expected:", "next:"):
        assert part in text
    assert workshop.query("select count(*) from raw.order_lines") == [(0,)]
    assert workshop.query("select state, problem from ops.extracts") == [("failed", text)]
    return text


def test_a_missing_folder_names_the_setting_that_helps(workshop: Workshop) -> None:
    text = _refused(workshop, MissingDataError)
    assert "does not exist" in text
    assert "GUANXI_DATA" in text


def test_a_folder_without_a_fitting_file(workshop: Workshop) -> None:
    (workshop.data / "notes.txt").write_text("x")
    assert "no file matches *.csv" in _refused(workshop, MissingDataError)


def test_a_package_that_is_not_installed(workshop: Workshop) -> None:
    workshop.source["path"] = "package:no_such_package/data"
    assert "pip install no-such-package" in _refused(workshop, MissingDataError)


def test_a_missing_column(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_text("order,customer,day\n1,x,2026-01-05\n")
    text = _refused(workshop, MissingColumnError)
    assert "a.csv of source shop" in text
    assert "no column amount" in text


def test_a_file_without_a_header_does_not_show_its_first_row(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_text(ROW)
    _refused(workshop, MissingColumnError)


def test_a_renamed_column_names_the_likely_new_name(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_text("order,Customer Name,day,Net_Amount\n" + ROW)
    text = _refused(workshop, RenamedColumnError)
    assert "customer (now Customer Name?)" in text
    assert "amount (now Net_Amount?)" in text


def test_a_needed_column_twice(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_text("order,customer,day,amount,amount\n1,x,2026-01-05,1,2\n")
    assert "column amount stands in the header 2 times" in _refused(workshop, BadFileError)


@pytest.mark.parametrize("content", ["", HEADER], ids=["no byte", "only a header"])
def test_an_empty_file(workshop: Workshop, content: str) -> None:
    (workshop.data / "a.csv").write_text(content)
    _refused(workshop, EmptyFileError)


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_gzip_file_cut_off(workshop: Workshop, kept: float) -> None:
    packed = gzip.compress((HEADER + "".join(f"{n},{SECRET},2026-01-05,{n}\n" for n in range(20_000))).encode())
    (workshop.data / "a.csv.gz").write_bytes(packed[: int(len(packed) * kept)])
    assert "end in the middle" in _refused(workshop, TruncatedFileError)


def test_a_gzip_file_that_is_none(workshop: Workshop) -> None:
    (workshop.data / "a.csv.gz").write_text(HEADER + ROW)
    assert "no gzip data" in _refused(workshop, BadFileError)


def test_a_record_with_too_few_fields_names_its_line(workshop: Workshop) -> None:
    good = f'1,"{SECRET}\nof two lines",2026-01-05,1\n'
    (workshop.data / "a.csv").write_text(HEADER + good + good + f"3,{SECRET}\n" + ROW)
    text = _refused(workshop, BadFileError)
    assert "line 6 has 2 fields" in text
    assert "4 fields" in text


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_another_encoding_is_named(workshop: Workshop, encoding: str) -> None:
    workshop.csv("a.csv", [HEADER.strip(), "1,上海贸易有限公司,2026-01-05,1"], encoding=encoding)
    text = _refused(workshop, WrongEncodingError)
    assert "is not utf-8" in text
    assert encoding in text
    assert "byte 28" in text if encoding == "gb18030" else "byte 0" in text


def test_a_bad_byte_deep_inside_is_found(workshop: Workshop) -> None:
    rows = b"".join(b"%d,x,2026-01-05,1\n" % number for number in range(300_000))
    (workshop.data / "a.csv").write_bytes(HEADER.encode() + rows + b"9,M\xfcller,2026-01-05,1\n")
    assert f"byte {len(HEADER) + len(rows) + 3} is not utf-8" in _refused(workshop, WrongEncodingError)


def test_a_header_in_another_encoding_than_said(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["encoding"] = "gb18030"
    workshop.source["datasets"]["lines"]["columns"] = ["订单", "customer", "day", "amount"]
    workshop.source["entities"]["order_lines"]["fields"].update(order_line_id="订单", order_id="订单")
    workshop.csv("a.csv", ["订单,customer,day,amount", "1,x,2026-01-05,1"])
    assert "encoding: utf-8" in _refused(workshop, WrongEncodingError)


def test_an_unknown_encoding(workshop: Workshop) -> None:
    workshop.source["datasets"]["lines"]["encoding"] = "utf-9"
    (workshop.data / "a.csv").write_text(HEADER + ROW)
    assert "utf-9, which is not known" in _refused(workshop, BadFileError)


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
@pytest.mark.parametrize("content", [b"<html>Zo\xc3\xab Geheim</html>", b"PK\x03\x04 cut off"])
def test_a_file_that_is_not_what_its_suffix_says(workshop: Workshop, name: str, content: bytes) -> None:
    (workshop.data / name).write_bytes(content)
    _refused(workshop, BadFileError)


def test_a_sheet_that_is_not_there(workshop: Workshop, write_xlsx: Callable[..., Path]) -> None:
    workshop.source["datasets"]["lines"]["sheet"] = "Lines"
    write_xlsx("a.xlsx", [["order", "customer", "day", "amount"], [1, "x", "2026-01-05", 1]], sheet="Lignes")
    assert "its sheets are: Lignes" in _refused(workshop, BadFileError)


def test_an_empty_sheet(workshop: Workshop, write_xlsx: Callable[..., Path]) -> None:
    write_xlsx("a.xlsx", [])
    _refused(workshop, EmptyFileError)


def test_a_nested_column(workshop: Workshop) -> None:
    table = pa.table({"order": [["1"]], "customer": ["x"], "day": ["2026-01-05"], "amount": ["1"]})
    pq.write_table(table, workshop.data / "a.parquet")
    assert "column order is of type list" in _refused(workshop, BadFileError)


def test_a_nul_byte(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_bytes(HEADER.encode() + b"1,a\0b,2026-01-05,1\n")
    assert "a NUL byte in column customer" in _refused(workshop, BadFileError)


def test_columns_nobody_listed_are_told_on_the_first_load(workshop: Workshop) -> None:
    (workshop.data / "a.csv").write_text("order,customer,phone,day,amount\n1,x,2,2026-01-05,1\n")
    told = ("shop, lines: new columns that nothing is mapped to: phone (not kept)",)
    assert workshop.extract("2026-01-05").warnings == told
