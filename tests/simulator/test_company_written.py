"""What the written company looks like: an ERP and a CRM as people know them."""

from __future__ import annotations

import csv
import unicodedata
from datetime import date

import openpyxl
import pytest

from tests.simulator.simulated_company import Simulated

pytestmark = pytest.mark.xdist_group("simulated_company")
AS_OF = date(2026, 6, 30)


def test_600_accounts_are_about_a_hundred_lines_each(grown_company: Simulated) -> None:
    counts = {
        table: grown_company.value(f"select count(*) from erp.{table}")
        for table in ("customer", "product", "sales_order", "sales_order_line", "invoice", "payment")
    }
    assert 580 <= counts["customer"] <= 640
    assert 200 <= counts["product"] <= 240
    assert 75 <= counts["sales_order_line"] / counts["customer"] <= 125
    assert 2.2 <= counts["sales_order_line"] / counts["sales_order"] <= 4.0
    assert 0.9 <= counts["invoice"] / counts["sales_order"] <= 1.0
    assert 0.9 <= counts["payment"] / counts["invoice"] <= 1.15


@pytest.mark.parametrize(
    ("table", "moments"),
    [
        ("customer", ("created_at",)),
        ("product", ()),
        ("sales_order", ("placed_at",)),
        ("sales_order_line", ()),
        ("invoice", ("invoiced_at",)),
        ("payment", ("paid_at",)),
    ],
)
def test_no_row_knows_the_future(grown_company: Simulated, table: str, moments: tuple[str, ...]) -> None:
    """Everything happened before it was entered, was entered before it was changed, and all of it by the last day."""
    end = "timestamptz '2026-06-30 23:59:59 Asia/Shanghai'"
    order = " and ".join(f"{moment} <= create_date" for moment in moments) or "true"
    wrong = f"select count(*) from erp.{table} where not (create_date <= write_date and write_date < {end} and {order})"
    assert grown_company.value(f"select count(*) from erp.{table}") > 0
    assert grown_company.value(wrong) == 0


def test_rows_are_written_in_the_evening_of_the_business_day(grown_company: Simulated) -> None:
    hours = grown_company.rows(
        "select distinct extract(hour from write_date at time zone 'Asia/Shanghai')::int "
        "from erp.sales_order order by 1"
    )
    assert hours == [(20,), (21,), (22,), (23,)]


def test_some_orders_are_placed_on_another_day_in_utc(grown_company: Simulated) -> None:
    share = grown_company.value(
        "select avg(((placed_at at time zone 'UTC')::date <> (placed_at at time zone 'Asia/Shanghai')::date)::int) "
        "from erp.sales_order"
    )
    assert 0.03 < share < 0.08


def test_a_few_orders_are_entered_days_late(grown_company: Simulated) -> None:
    share, longest = grown_company.rows(
        "select avg((days > 0)::int), max(days) from (select (create_date at time zone 'Asia/Shanghai')::date "
        "- (placed_at at time zone 'Asia/Shanghai')::date as days from erp.sales_order) entered"
    )[0]
    assert 0.015 < share < 0.045
    assert 3 < longest <= 12


def test_every_line_has_its_order_and_every_order_its_customer(grown_company: Simulated) -> None:
    orphans = grown_company.value(
        "select count(*) from erp.sales_order_line left join erp.sales_order using (order_no) "
        "left join erp.customer using (customer_no) left join erp.product using (sku) "
        "where customer.customer_no is null or (kind = 'goods') <> (product.sku is not null)"
    )
    assert orphans == 0


def test_an_invoice_is_worth_the_lines_of_its_order(grown_company: Simulated) -> None:
    wrong = grown_company.value(
        "select count(*) from erp.invoice join (select order_no, sum(amount) as worth from erp.sales_order_line "
        "group by order_no) lines using (order_no) where amount <> worth"
    )
    assert wrong == 0


def test_a_paid_invoice_is_paid_in_full_and_an_open_one_not_overpaid(grown_company: Simulated) -> None:
    wrong = grown_company.rows(
        "with paid as (select invoice_no, sum(amount) as paid from (select distinct * from erp.payment) o group by 1) "
        "select state, count(*) from erp.invoice left join paid using (invoice_no) "
        "where (state = 'paid' and amount <> coalesce(paid, 0)) or abs(coalesce(paid, 0)) > abs(amount) group by 1"
    )
    assert wrong == []


def test_some_customers_pay_late(grown_company: Simulated) -> None:
    late = grown_company.value(
        "select avg((paid_at::date > due_date)::int) from erp.payment join erp.invoice using (invoice_no)"
    )
    assert 0.3 < late < 0.85


def test_a_few_payments_stand_twice_and_nothing_else_does(grown_company: Simulated) -> None:
    share = grown_company.value("select 1 - count(distinct payment)::numeric / count(*) from erp.payment")
    assert 0 < share < 0.008


def test_returns_are_negative_lines_of_later_credit_orders(grown_company: Simulated) -> None:
    share, early = grown_company.rows(
        "select -sum(l.amount) / (select sum(amount) from erp.sales_order_line where amount > 0), "
        "count(*) filter (where o.origin is null or o.placed_at <= first.placed_at or l.qty >= 0) "
        "from erp.sales_order_line l join erp.sales_order o using (order_no) "
        "left join erp.sales_order first on first.order_no = o.origin where l.kind = 'goods' and l.amount < 0"
    )[0]
    assert 0.004 < share < 0.03
    assert early == 0


def test_states_are_those_of_an_erp_and_few_orders_are_cancelled(grown_company: Simulated) -> None:
    shares = dict(
        grown_company.rows("select state, count(*)::float / sum(count(*)) over () from erp.sales_order group by 1")
    )
    assert set(shares) == {"draft", "sale", "done", "cancel"}
    assert 0.015 < shares["cancel"] < 0.035
    assert shares["done"] > 0.9
    billed = "select count(*) from erp.invoice join erp.sales_order using (order_no) where sales_order.state = 'cancel'"
    assert grown_company.value(billed) == 0


def test_spring_festival_is_quiet_and_the_year_end_is_busy(grown_company: Simulated) -> None:
    daily: dict[date, int] = dict(
        grown_company.rows(
            "select (placed_at at time zone 'Asia/Shanghai')::date, count(*) from erp.sales_order "
            "where origin is null group by 1"
        )
    )

    def pace(first: date, days: int) -> float:
        return sum(daily.get(date.fromordinal(first.toordinal() + day), 0) for day in range(days)) / days

    usual = pace(date(2025, 8, 1), 90)
    assert pace(date(2025, 1, 27), 12) < 0.35 * usual
    assert pace(date(2026, 2, 14), 12) < 0.35 * usual
    assert pace(date(2025, 11, 10), 42) > 1.1 * usual


def test_the_crm_and_the_erp_know_almost_the_same_customers(grown_company: Simulated) -> None:
    crm = {row["客户编号"] for row in _crm(grown_company)}
    erp = {code for (code,) in grown_company.rows("select customer_no from erp.customer")}
    assert len(crm) == len(_crm(grown_company))
    assert 0 < len(crm - erp) <= 0.05 * len(erp)
    assert 0 < len(erp - crm) <= 0.03 * len(erp)


def test_crm_rows_lack_a_manager_or_a_size_now_and_then(grown_company: Simulated) -> None:
    customers = [row for row in _crm(grown_company) if row["客户状态"] == "合作"]
    assert 0 < sum(row["负责人"] == "" for row in customers) < 0.03 * len(customers)
    assert 0 < sum(row["规模"] in {"", "未知"} for row in customers) < 0.03 * len(customers)


def test_managers_have_example_addresses_and_read_one_of_two_languages(grown_company: Simulated) -> None:
    sheet = openpyxl.load_workbook(grown_company.crm / "users.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    users = [dict(zip(header, row, strict=True)) for row in rows]
    assert len({user["工号"] for user in users}) == len({user["邮箱"] for user in users}) == len(users) >= 4
    assert all(str(user["邮箱"]).endswith("@example.com") for user in users)
    assert {user["语言"] for user in users} == {"中文", "英文"}
    assert {row["负责人"] for row in _crm(grown_company)} - {""} <= {
        user["工号"] for user in users if user["在职"] == "是"
    }


def test_names_are_typed_by_people(grown_company: Simulated) -> None:
    names = [row["客户名称"] for row in _crm(grown_company)]
    assert any(name != name.strip() for name in names)
    assert any(unicodedata.normalize("NFKC", name).strip() != name.strip() for name in names)
    assert any(name.isascii() for name in names)
    erp = dict(grown_company.rows("select customer_no, name from erp.customer"))
    differing = sum(erp.get(row["客户编号"], row["客户名称"]) != row["客户名称"] for row in _crm(grown_company))
    assert 0.1 < differing / len(names) < 0.4


def _crm(company: Simulated) -> list[dict[str, str]]:
    with (company.crm / "accounts.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
