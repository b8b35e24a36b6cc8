"""The tables of the simulated ERP, and the rows to be written into them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from simulator.draws import Ints


@dataclass(frozen=True, slots=True)
class ErpTable:
    """One table: its columns as (name, type), and its key, if the ERP has one."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: str | None
    description: str

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in the order of the table."""
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, slots=True)
class ErpRows:
    """Rows of one table as they stand on the last day, with the days they were entered and last changed.

    `values` holds every column but create_date and write_date; `minute` is the minute of the day rows are written at.
    """

    table: ErpTable
    values: dict[str, pa.Array]
    entered: Ints
    changed: Ints
    minute: Ints


_WRITTEN = (("create_date", "timestamptz not null"), ("write_date", "timestamptz not null"))

CUSTOMER = ErpTable(
    "customer",
    (
        ("customer_no", "text not null"),
        ("name", "text"),
        ("country", "text"),
        ("tax_no", "text"),
        ("website", "text"),
        ("phone", "text"),
        ("address", "text"),
        ("city", "text"),
        ("parent_no", "text"),
        ("payment_terms_days", "integer"),
        ("created_at", "timestamptz not null"),
        *_WRITTEN,
    ),
    "customer_no",
    "One row per customer.",
)
PRODUCT = ErpTable(
    "product",
    (
        ("sku", "text not null"),
        ("title", "text not null"),
        ("category", "text"),
        ("list_price", "numeric(14, 2)"),
        ("unit_cost", "numeric(14, 2)"),
        *_WRITTEN,
    ),
    "sku",
    "One row per product; unit_cost is revised every New Year.",
)
SALES_ORDER = ErpTable(
    "sales_order",
    (
        ("order_no", "text not null"),
        ("customer_no", "text not null"),
        ("origin", "text"),
        ("placed_at", "timestamptz not null"),
        ("state", "text not null"),
        ("currency", "text not null"),
        *_WRITTEN,
    ),
    "order_no",
    "One row per order; a credit order names the order it takes back in origin. States: draft, sale, done, cancel.",
)
SALES_ORDER_LINE = ErpTable(
    "sales_order_line",
    (
        ("line_id", "text not null"),
        ("order_no", "text not null"),
        ("sku", "text"),
        ("kind", "text not null"),
        ("qty", "numeric(14, 3) not null"),
        ("amount", "numeric(14, 2) not null"),
        ("cost", "numeric(14, 2)"),
        *_WRITTEN,
    ),
    "line_id",
    "One row per order line, without tax. Kinds: goods, freight, rebate, service. Returns are negative.",
)
INVOICE = ErpTable(
    "invoice",
    (
        ("invoice_no", "text not null"),
        ("customer_no", "text not null"),
        ("order_no", "text"),
        ("kind", "text not null"),
        ("invoiced_at", "timestamptz not null"),
        ("due_date", "date"),
        ("amount", "numeric(14, 2) not null"),
        ("state", "text not null"),
        *_WRITTEN,
    ),
    "invoice_no",
    "One row per invoice or credit note (negative), without tax. States: open, paid.",
)
PAYMENT = ErpTable(
    "payment",
    (
        ("payment_no", "text not null"),
        ("invoice_no", "text not null"),
        ("paid_at", "timestamptz not null"),
        ("amount", "numeric(14, 2) not null"),
        *_WRITTEN,
    ),
    None,
    "One row per payment, as exported by the bank link: no key, and a few rows stand twice.",
)

ERP_TABLES = (CUSTOMER, PRODUCT, SALES_ORDER, SALES_ORDER_LINE, INVOICE, PAYMENT)
