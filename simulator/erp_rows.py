"""From days, codes and cents to the rows an ERP holds at the end of a day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.accounts import Accounts
from simulator.billing import Invoices, Payments
from simulator.catalogue import Catalogue, last_cost_revision
from simulator.draws import Bools, Draws, Ints
from simulator.erp_tables import CUSTOMER, INVOICE, PAYMENT, PRODUCT, SALES_ORDER, SALES_ORDER_LINE
from simulator.names import company_names, mistyped, rename_days
from simulator.orders import CREDIT, MAIN, Lines, Orders
from simulator.registrations import register
from simulator.seasons import NEVER, UTC_OFFSET_MINUTES
from simulator.tables import Rows
from simulator.words import CITIES, COUNTRIES

_EVENING = 20 * 60
_STATES = np.array(["draft", "sale", "done", "cancel"])
_KINDS = np.array(["goods", "freight", "rebate", "service"])
_PART_LETTERS = ("", "B", "R")


def moments(day: Ints, minute: Ints) -> pa.Array:
    """UTC timestamps of a business day and a minute of it."""
    return pa.array(
        ((day * 1_440 + minute - UTC_OFFSET_MINUTES) * 60).astype("datetime64[s]"), pa.timestamp("s", "UTC")
    )


def dates(day: Ints) -> pa.Array:
    """Dates of day numbers; none for NEVER."""
    return pa.array(np.where(day == NEVER, 0, day).astype("datetime64[D]"), pa.date32(), mask=day == NEVER)


def account_code(number: int) -> str:
    """The customer number of an account, in the ERP and in the CRM."""
    return f"C{number:06d}"


def customer_rows(draws: Draws, accounts: Accounts, *, day: int, heads: Ints | None = None) -> Rows:
    """The customers, under their names of `day`; with `heads` some belong to groups. The ERP has gaps."""
    number = accounts.number
    registered = company_names(draws, accounts, day=day, heads=heads)
    names = mistyped(draws, accounts, registered, stream="erp typo", share=0.03)
    known = register(draws, number, number if heads is None else heads)
    renamed = rename_days(draws, accounts)
    entered = accounts.starts
    return Rows(
        table=CUSTOMER,
        values={
            "customer_no": pa.array([account_code(number) for number in accounts.number.tolist()]),
            "name": pa.array(names),
            "country": pa.array(np.array([code for code, _ in COUNTRIES])[accounts.country]),
            "tax_no": _known(known.tax_number, draws.chance("erp tax", 0.97, number)),
            "website": _known(known.domain, draws.chance("erp web", 0.55, number)),
            "phone": _known(known.phone, draws.chance("erp phone", 0.85, number)),
            "address": _known(known.address, draws.chance("erp address", 0.95, number)),
            "city": pa.array([CITIES[at] for at in known.city.tolist()]),
            "parent_no": _known([account_code(each) for each in known.head.tolist()], known.is_subsidiary),
            "payment_terms_days": pa.array(accounts.terms_days),
            "created_at": moments(accounts.created, 540 + draws.below("created minute", 480, accounts.number)),
        },
        entered=entered,
        changed=np.where(renamed <= day, renamed, entered),
        minute=evening(draws, accounts.number, 0, 0),
    )


def _known(values: list[str], is_known: Bools) -> pa.Array:
    return pa.array(values, pa.string(), mask=~is_known)


def product_rows(draws: Draws, catalogue: Catalogue, *, day: int) -> Rows:
    """The products, at their costs of `day`."""
    product = np.arange(len(catalogue.sku), dtype=np.int64)
    days = np.full(product.size, day, dtype=np.int64)
    return Rows(
        table=PRODUCT,
        values={
            "sku": pa.array(catalogue.sku),
            "title": pa.array(catalogue.title),
            "category": pa.array(catalogue.category),
            "list_price": _money(catalogue.price_cents),
            "unit_cost": _money(catalogue.cost_on(product, days)),
        },
        entered=catalogue.launched,
        changed=np.maximum(catalogue.launched, last_cost_revision(day)),
        minute=evening(draws, product, 0, 0),
    )


def order_numbers(orders: Orders) -> pa.Array:
    """SO, the account, its how-manieth purchase, and B for a second order of the day or R for a credit order."""
    return pa.array(
        [
            f"SO{number:06d}-{count:04d}{_PART_LETTERS[part]}"
            for number, count, part in zip(
                orders.number.tolist(), orders.count.tolist(), orders.part.tolist(), strict=True
            )
        ],
        pa.string(),
    )


def order_rows(draws: Draws, orders: Orders, *, day: int) -> Rows:
    """The orders in their state of `day`."""
    key = orders.key()
    state = np.select([orders.cancelled <= day, orders.done <= day, orders.confirmed <= day], [3, 2, 1], default=0)
    is_night = draws.chance("ordered at night", 0.05, *key)
    minute = np.where(is_night, draws.below("night minute", 480, *key), 500 + draws.below("order minute", 630, *key))
    is_credit = orders.part == CREDIT
    return Rows(
        table=SALES_ORDER,
        values={
            "order_no": order_numbers(orders),
            "customer_no": _customers(orders.number),
            "origin": pc.if_else(pa.array(is_credit), order_numbers(_main_of(orders)), pa.scalar(None, pa.string())),
            "placed_at": moments(orders.placed, minute),
            "state": pa.array(_STATES[state]),
            "currency": pa.array(np.full(state.size, "CNY")),
            "promised_on": dates(np.where(orders.confirmed <= day, _promised(draws, orders), NEVER)),
            "sent_on": dates(np.where(orders.done <= day, orders.done, NEVER)),
        },
        entered=orders.entered,
        changed=_last_change(orders.entered, [orders.confirmed, orders.done, orders.cancelled], day=day),
        minute=evening(draws, *key),
    )


def line_rows(draws: Draws, catalogue: Catalogue, orders: Orders, lines: Lines, *, day: int) -> Rows:
    """The order lines, corrected where that has happened by `day`."""
    order_no = order_numbers(orders).take(pa.array(lines.order))
    entered = orders.entered[lines.order]
    is_corrected = lines.corrected <= day
    skus = pa.array([*catalogue.sku, None], pa.string())
    return Rows(
        table=SALES_ORDER_LINE,
        values={
            "line_id": pc.binary_join_element_wise(order_no, pa.array(lines.position).cast(pa.string()), "-"),
            "order_no": order_no,
            "sku": skus.take(pa.array(np.where(lines.product < 0, len(catalogue.sku), lines.product))),
            "kind": pa.array(_KINDS).take(pa.array(lines.kind)),
            "qty": pa.array(np.where(is_corrected, lines.quantity, lines.first_quantity)),
            "amount": _money(np.where(is_corrected, lines.amount_cents, lines.first_cents)),
            "cost": _money(lines.cost_cents),
        },
        entered=entered,
        changed=_last_change(entered, [lines.corrected], day=day),
        minute=evening(draws, *orders.key())[lines.order],
    )


def invoice_rows(draws: Draws, orders: Orders, invoices: Invoices, *, day: int) -> Rows:
    """The invoices, open or paid on `day`."""
    order_no = order_numbers(orders).take(pa.array(invoices.order))
    key = tuple(values[invoices.order] for values in orders.key())
    corrected = pc.binary_replace_slice(order_numbers(_main_of(orders)).take(pa.array(invoices.order)), 0, 2, "IV")
    # Whatever is paid is booked by the next day.
    settled = np.where(invoices.paid < NEVER, invoices.paid + 1, NEVER)
    return Rows(
        table=INVOICE,
        values={
            "invoice_no": pc.binary_replace_slice(order_no, 0, 2, "IV"),
            "customer_no": _customers(key[0]),
            "order_no": order_no,
            "corrects": pc.if_else(pa.array(key[2] == CREDIT), corrected, pa.scalar(None, pa.string())),
            "kind": pa.array(np.where(key[2] == CREDIT, "credit_note", "invoice")),
            "invoiced_at": moments(invoices.invoiced, 960 + draws.below("invoice minute", 180, *key)),
            "due_date": pa.array(invoices.due.astype("datetime64[D]")),
            "amount": _money(invoices.amount_cents),
            "state": pa.array(np.where(settled <= day, "paid", "open")),
        },
        entered=invoices.invoiced,
        changed=_last_change(invoices.invoiced, [settled], day=day),
        minute=evening(draws, *key),
    )


def payment_rows(draws: Draws, orders: Orders, invoices: Invoices, payments: Payments) -> Rows:
    """The payments; they never change."""
    order = invoices.order[payments.invoice]
    key = tuple(values[order] for values in orders.key())
    order_no = order_numbers(orders).take(pa.array(order))
    invoice_no = pc.binary_replace_slice(order_no, 0, 2, "IV")
    position = pa.array(payments.position).cast(pa.string())
    return Rows(
        table=PAYMENT,
        values={
            "payment_no": pc.binary_join_element_wise(pc.binary_replace_slice(order_no, 0, 2, "PM"), position, "-"),
            "invoice_no": invoice_no,
            "paid_at": moments(payments.paid, 540 + draws.below("payment minute", 480, *key, payments.position)),
            "amount": _money(payments.amount_cents),
        },
        entered=payments.entered,
        changed=payments.entered,
        minute=evening(draws, *key),
    )


def _customers(number: Ints) -> pa.Array:
    return pa.array([account_code(one) for one in number.tolist()], pa.string())


def _promised(draws: Draws, orders: Orders) -> Ints:
    """The day each order is promised to be sent on: five to ten days after it was confirmed; a credit at once."""
    wait = np.where(orders.part == CREDIT, 0, 5 + draws.below("promised", 6, *orders.key()))
    return orders.confirmed + wait


def _main_of(orders: Orders) -> Orders:
    return replace(orders, part=np.full(orders.part.size, MAIN, dtype=np.int64))


def _last_change(entered: Ints, days: list[Ints], *, day: int) -> Ints:
    """The last of the days that has come by `day`."""
    last = entered.copy()
    for changed in days:
        last = np.where(changed <= day, np.maximum(last, changed), last)
    return last


def evening(draws: Draws, *key: Ints | int) -> Ints:
    """The minute of the day at which the ERP writes a row: between eight and half past eleven in the evening."""
    return _EVENING + draws.below("written minute", 210, *key)


def _money(cents: Ints) -> pa.Array:
    return pa.array(cents / 100.0)
