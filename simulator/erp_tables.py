"""The tables of the simulated ERP."""

from __future__ import annotations

from simulator.tables import WRITTEN, Table

CUSTOMER = Table(
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
        *WRITTEN,
    ),
    "customer_no",
    "One row per customer.",
)
PRODUCT = Table(
    "product",
    (
        ("sku", "text not null"),
        ("title", "text not null"),
        ("category", "text"),
        ("list_price", "numeric(14, 2)"),
        ("unit_cost", "numeric(14, 2)"),
        *WRITTEN,
    ),
    "sku",
    "One row per product; unit_cost is revised every New Year.",
)
SALES_ORDER = Table(
    "sales_order",
    (
        ("order_no", "text not null"),
        ("customer_no", "text not null"),
        ("origin", "text"),
        ("placed_at", "timestamptz not null"),
        ("state", "text not null"),
        ("currency", "text not null"),
        ("promised_on", "date"),
        ("sent_on", "date"),
        *WRITTEN,
    ),
    "order_no",
    "One row per order; a credit order names the order it takes back in origin. States: draft, sale, done, cancel. "
    "A day to be sent on is promised once the order is confirmed.",
)
SALES_ORDER_LINE = Table(
    "sales_order_line",
    (
        ("line_id", "text not null"),
        ("order_no", "text not null"),
        ("sku", "text"),
        ("kind", "text not null"),
        ("qty", "numeric(14, 3) not null"),
        ("amount", "numeric(14, 2) not null"),
        ("cost", "numeric(14, 2)"),
        *WRITTEN,
    ),
    "line_id",
    "One row per order line, without tax. Kinds: goods, freight, rebate, service. Returns are negative.",
)
INVOICE = Table(
    "invoice",
    (
        ("invoice_no", "text not null"),
        ("customer_no", "text not null"),
        ("order_no", "text"),
        ("corrects", "text"),
        ("kind", "text not null"),
        ("invoiced_at", "timestamptz not null"),
        ("due_date", "date"),
        ("amount", "numeric(14, 2) not null"),
        ("state", "text not null"),
        *WRITTEN,
    ),
    "invoice_no",
    "One row per invoice or credit note (negative), without tax. A credit note names the invoice it corrects. "
    "States: open, paid.",
)
PAYMENT = Table(
    "payment",
    (
        ("payment_no", "text not null"),
        ("invoice_no", "text not null"),
        ("paid_at", "timestamptz not null"),
        ("amount", "numeric(14, 2) not null"),
        *WRITTEN,
    ),
    None,
    "One row per payment, as exported by the bank link: no key, and a few rows stand twice.",
)

ERP_TABLES = (CUSTOMER, PRODUCT, SALES_ORDER, SALES_ORDER_LINE, INVOICE, PAYMENT)
