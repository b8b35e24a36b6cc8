"""Invoices, credit notes and payments: what orders become once they are done. Amounts are whole cents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.accounts import Accounts
from simulator.draws import Bools, Draws, Ints
from simulator.orders import CREDIT, Lines, Orders
from simulator.seasons import NEVER

_LEAST_SPLIT_CENTS = 10_000
_SPLIT_DAYS = 14
_BILLED_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Invoices:
    """One entry per invoice or credit note (negative); `order` points into the Orders, paid may be NEVER."""

    order: Ints
    invoiced: Ints
    due: Ints
    paid: Ints
    amount_cents: Ints


@dataclass(frozen=True, slots=True)
class Payments:
    """One entry per payment row; `invoice` points into the Invoices. A few rows stand twice: there is no key."""

    invoice: Ints
    position: Ints
    paid: Ints
    entered: Ints
    amount_cents: Ints


def draw_invoices(draws: Draws, accounts: Accounts, orders: Orders, lines: Lines) -> Invoices:
    """One invoice for every order that gets done, worth its lines."""
    total = np.bincount(lines.order, weights=lines.amount_cents, minlength=orders.row.size).astype(np.int64)
    order = np.flatnonzero((orders.done < NEVER) & (total != 0))
    invoiced, due, paid = _billing_days(draws, accounts, orders)
    return Invoices(order=order, invoiced=invoiced[order], due=due[order], paid=paid[order], amount_cents=total[order])


def moving_orders(draws: Draws, accounts: Accounts, orders: Orders, *, after: int, until: int) -> Bools:
    """The orders of which anything may be entered or changed in the days (after, until]; most are long settled."""
    _, _, paid = _billing_days(draws, accounts, orders)
    handled = (
        np.maximum(orders.confirmed, np.where(orders.done < NEVER, orders.done, orders.cancelled)) + _BILLED_WITHIN
    )
    in_the_house = (orders.entered <= until) & (handled > after)
    at_the_bank = (paid - _SPLIT_DAYS <= until) & (paid + 1 > after)
    return np.asarray(in_the_house | at_the_bank | orders.is_returned)


def _billing_days(draws: Draws, accounts: Accounts, orders: Orders) -> tuple[Ints, Ints, Ints]:
    """The days every order is invoiced, due and paid, were it done."""
    key = orders.key()
    is_credit = orders.part == CREDIT
    invoiced = orders.done + draws.below("invoice after", _BILLED_WITHIN, *key)
    due = invoiced + np.where(is_credit, 0, accounts.terms_days[orders.row])
    wait = np.round(accounts.days_late[orders.row] + 6.0 * draws.normal("payment wait", *key)).astype(np.int64)
    paid = np.maximum(invoiced, due + np.clip(wait, -20, 90))
    is_lost = draws.chance("never paid", 0.008, *key) & ~is_credit
    return invoiced, due, np.where(is_lost | (orders.done == NEVER), NEVER, paid)


def draw_payments(draws: Draws, orders: Orders, invoices: Invoices) -> Payments:
    """Payments in one or two parts; a credit note is settled by a negative one."""
    invoice = np.flatnonzero(invoices.paid < NEVER)
    key = tuple(values[invoices.order[invoice]] for values in orders.key())
    amount = invoices.amount_cents[invoice]
    is_split = draws.chance("two payments", 0.10, *key) & (amount > _LEAST_SPLIT_CENTS)
    first_cents = np.where(is_split, np.round(amount * 0.6).astype(np.int64), amount)
    first_day = np.maximum(invoices.invoiced[invoice], invoices.paid[invoice] - np.where(is_split, _SPLIT_DAYS, 0))
    first = _payments(draws, key, invoice, position=1, paid=first_day, cents=first_cents)
    rest = _payments(
        draws, key, invoice, position=2, paid=invoices.paid[invoice], cents=amount - first_cents, where=is_split
    )
    is_twice = draws.chance("payment twice", 0.002, *key)
    again = _payments(draws, key, invoice, position=1, paid=first_day, cents=first_cents, where=is_twice)
    return Payments(
        invoice=np.concatenate([first.invoice, rest.invoice, again.invoice]),
        position=np.concatenate([first.position, rest.position, again.position]),
        paid=np.concatenate([first.paid, rest.paid, again.paid]),
        entered=np.concatenate([first.entered, rest.entered, again.entered]),
        amount_cents=np.concatenate([first.amount_cents, rest.amount_cents, again.amount_cents]),
    )


def _payments(
    draws: Draws,
    key: tuple[Ints, ...],
    invoice: Ints,
    *,
    position: int,
    paid: Ints,
    cents: Ints,
    where: Bools | None = None,
) -> Payments:
    kept = np.ones(invoice.size, dtype=np.bool_) if where is None else where
    entered = paid + draws.below("payment booked", 2, *key, position)
    return Payments(
        invoice=invoice[kept],
        position=np.full(int(kept.sum()), position, dtype=np.int64),
        paid=paid[kept],
        entered=entered[kept],
        amount_cents=cents[kept],
    )
