"""The same order lines in every kind of source, made by arithmetic: what `benchmarks.sources` reads."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from tests.servers.mariadb import MariadbServer
from warehouse.house import with_database
from warehouse.migrate import create_database

AS_OF = date(2026, 3, 31)
COLUMNS = ("line_no", "order_no", "buyer", "product", "quantity", "amount", "placed_at", "note")

_TYPES = (
    "line_no bigint, order_no varchar(20), buyer varchar(20), product varchar(40), quantity integer,"
    " amount numeric(12,2), placed_at {moment}, note varchar(80)"
)
_VALUES = (
    "n, concat('SO', n {div} 5), concat('C', n % 20000), concat('article no. ', n % 3000), n % 9 + 1,"
    " n % 10000 * 0.01, {start} + interval {seconds}, concat('as agreed, 第 ', n % 31, ' 批')"
)
_CHUNK = 1_000_000


def company(source: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a company.yml with one source, whose `lines` have the columns of this module."""
    dataset = {"happened_at": "placed_at"} | source.pop("dataset")
    fields = {
        "order_line_id": "line_no", "order_id": "order_no", "product_id": "product", "line_kind": {"value": "product"},
        "quantity": "quantity", "net_amount": "amount",
    }  # fmt: skip
    entity = {"from": "lines", "fields": fields, "extra": {"buyer": "buyer", "note": "note"}}
    entry = {"name": "shop", **source, "datasets": {"lines": dataset}, "entities": {"order_lines": entity}}
    return {
        "company": "bench", "name": {"en": "Bench", "zh": "基准"}, "currency": "EUR", "timezone": "Europe/Berlin",
        "sources": [entry],
    }  # fmt: skip


def fill_postgresql(server_url: str, count: int) -> str:
    """Make a database with the table erp.lines; return its URL."""
    name = f"erp_{count}"
    create_database(server_url, name)
    values = _VALUES.format(div="/", start="timestamptz '2025-01-01 08:00+00'", seconds="'1 second' * n")
    with psycopg.connect(with_database(server_url, name)) as connection:
        connection.execute("create schema erp")
        connection.execute(f"create table erp.lines ({_TYPES.format(moment='timestamptz')})".encode())
        insert = f"insert into erp.lines select {values} from generate_series(1, {count}) as n"  # noqa: S608 - our own
        connection.execute(insert.encode())
    with psycopg.connect(with_database(server_url, name), autocommit=True) as connection:
        connection.execute("vacuum analyze erp.lines")
    return with_database(server_url, name)


def fill_mariadb(server: MariadbServer, count: int) -> str:
    """Make the database erp with the table lines; return its URL."""
    values = _VALUES.format(div="div", start="timestamp '2025-01-01 08:00:00'", seconds="n second")
    server.execute("create database erp character set utf8mb4")
    server.execute(f"create table erp.lines ({_TYPES.format(moment='datetime')})")
    for first in range(1, count + 1, _CHUNK):
        last = min(first + _CHUNK - 1, count)
        numbers = f"(select seq as n from seq_{first}_to_{last}) as s"  # noqa: S608 - our own
        # the server's tables of numbers are found only while a database is chosen
        server.execute(f"insert into erp.lines select {values} from {numbers}", database="erp")  # noqa: S608
    return server.url("erp")


def write_csv(erp_url: str, file: Path) -> None:
    with psycopg.connect(erp_url) as connection, file.open("wb") as out:
        connection.execute("set timezone = 'UTC'")
        with connection.cursor().copy("copy (select * from erp.lines order by line_no) to stdout csv header") as copy:
            for data in copy:
                out.write(data)


def write_parquet(csv: Path, file: Path) -> None:
    with pa_csv.open_csv(csv) as reader, pq.ParquetWriter(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def write_xlsx(csv: Path, file: Path, count: int) -> None:
    """Write the first `count` lines, numbers and moments as a spreadsheet has them."""
    with xlsxwriter.Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, COLUMNS)
        written = 0
        with pa_csv.open_csv(csv) as reader:
            for batch in reader:
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    written += 1
                    page.write_row(
                        written, 0, [_plain(value) if isinstance(value, datetime) else value for value in row]
                    )
                    if written == count:
                        return


def _plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
