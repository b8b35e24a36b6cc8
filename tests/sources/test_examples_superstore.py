"""The Chinese Superstore arrives whole from its old .xls, and no customer's name with it."""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import python_calamine

from sources.loading.report import EntityReport
from tests.sources.workshop import EXAMPLES, SHARED, Workshop

DATA = SHARED / "superstore_cn"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the real file is not at {DATA}")


def _sheet(name: str) -> list[dict[str, Any]]:
    book = python_calamine.CalamineWorkbook.from_path(DATA / "superstore_cn.xls")
    header, *rows = book.get_sheet_by_name(name).to_python()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _number(row: dict[str, Any]) -> str:
    return str(row["客户 ID"]).rpartition("-")[2]


@pytest.fixture
def loaded(workshop: Workshop) -> dict[str, EntityReport]:
    return workshop.load("superstore_cn", "shop", "2017-12-31", data=DATA)


def test_everything_arrives_and_nothing_is_refused(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    rows = _sheet("订单")
    assert {name: (each.new, each.quarantined) for name, each in loaded.items()} == {
        "accounts": (len({_number(row) for row in rows}), 0),
        "products": (len({row["产品 ID"] for row in rows}), 0),
        "orders": (len({(row["订单 ID"], _number(row), row["订单日期"]) for row in rows}), 0),
        "order_lines": (len(rows), 0),
        "tickets": (len(_sheet("退货")), 0),
        "account_managers": (len(_sheet("销售人员")), 0),
    }
    amount, cost, quantity = workshop.query(
        "select sum(net_amount), sum(cost_amount), sum(quantity) from raw.order_lines"
    )[0]
    sold = [Decimal(repr(row["销售额"])) for row in rows]
    earned = [Decimal(repr(row["利润"])) for row in rows]
    assert amount == sum(sold)
    assert cost == sum(sold) - sum(earned)
    assert quantity == sum(int(row["数量"]) for row in rows)


def test_no_customers_name_is_anywhere(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    names = sorted({row["客户名称"] for row in _sheet("订单")} - {row["地区经理"] for row in _sheet("销售人员")})
    assert len(names) > 700
    assert loaded["accounts"].new == 790
    for entity in loaded:
        found = workshop.query(f"select count(*) from raw.{entity} as r where r::text ~ %s", "|".join(names))
        # a product may have a name in its name
        assert entity == "products" or found == [(0,)], entity
    assert workshop.query("select count(*) from raw.accounts where account_id !~ '^[0-9]+$'") == [(0,)]


def test_an_order_is_a_number_a_customer_and_a_day(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    rows = _sheet("订单")
    by_number: dict[str, set[tuple[str, Any]]] = {}
    for row in rows:
        by_number.setdefault(row["订单 ID"], set()).add((_number(row), row["订单日期"]))
    assert len(by_number) == 2773
    assert sum(len(each) > 1 for each in by_number.values()) == 1409
    assert loaded["orders"].new == 4985
    assert workshop.query(
        "select count(distinct extra ->> 'order_number'), count(*) filter (where delivered_date < ordered_at::date)"
        " from raw.orders"
    ) == [(2773, 0)]
    assert workshop.query(
        "select count(*) from raw.order_lines as l left join raw.orders as o using (order_id) where o.order_id is null"
    ) == [(0,)]


def test_returns_keep_the_number_they_were_given(workshop: Workshop, loaded: dict[str, EntityReport]) -> None:
    numbers = {row["订单 ID"] for row in _sheet("退货")}
    assert loaded["tickets"].new == len(numbers) == 296
    kept = workshop.query("select extra ->> 'order_number' from raw.tickets where kind = 'return'")
    assert {number for (number,) in kept} == numbers
    assert workshop.query(
        "select count(*) from raw.tickets as t where not exists"
        " (select from raw.orders as o where o.extra ->> 'order_number' = t.extra ->> 'order_number')"
    ) == [(0,)]


def test_the_same_rows_come_from_a_csv_in_the_common_chinese_encoding(workshop: Workshop, tmp_path: Path) -> None:
    rows = _sheet("订单")
    folder, data = tmp_path / "gbk", tmp_path / "gbk_data"
    shutil.copytree(EXAMPLES / "superstore_cn", folder)
    data.mkdir()
    shutil.copy(DATA / "superstore_cn.xls", data)
    with (data / "orders.csv").open("w", encoding="gbk", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        for row in rows:  # a spreadsheet program writes 1 for 1.0
            writer.writerow(
                {
                    key: int(value) if isinstance(value, float) and value.is_integer() else value
                    for key, value in row.items()
                }
            )
    text = (folder / "company.yml").read_text(encoding="utf-8")
    lines = "files: superstore_cn.xls\n        sheet: 订单"
    assert lines in text
    (folder / "company.yml").write_text(
        text.replace(lines, "files: orders.csv\n        encoding: gbk"), encoding="utf-8"
    )

    first = workshop.load("superstore_cn", "shop", "2017-12-31", data=DATA)
    again = workshop.load(folder, "shop", "2018-01-01", data=data)

    assert {name: (each.new, each.changed, each.unchanged) for name, each in again.items()} == {
        name: (0, 0, each.new) for name, each in first.items()
    }
