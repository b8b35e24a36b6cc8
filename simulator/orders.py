"""Orders and their lines: what a purchase becomes in the ERP, and the credit orders that take goods back.

Amounts are whole cents. A day of NEVER has not come and never will.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.accounts import Accounts
from simulator.behaviour import Purchases
from simulator.catalogue import PRODUCTS_PER_CATEGORY, Catalogue
from simulator.draws import Bools, Draws, Floats, Ints
from simulator.seasons import NEVER

SETTLED_DAYS = 320
"""Nothing about a purchase changes later than this many days after it."""

MAIN, SECOND, CREDIT = 0, 1, 2
GOODS, FREIGHT, REBATE, SERVICE = 0, 1, 2, 3
_EXTRA_LINE = 90
_MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry per order: when it was placed, entered, confirmed, done or cancelled."""

    row: Ints
    number: Ints
    count: Ints
    part: Ints
    placed: Ints
    entered: Ints
    confirmed: Ints
    done: Ints
    cancelled: Ints
    spend: Floats
    is_returned: Bools

    def key(self) -> tuple[Ints, Ints, Ints]:
        """What addresses the order's own chance."""
        return self.number, self.count, self.part

    def only(self, keep: Bools) -> Orders:
        """The orders for which `keep` is true."""
        return Orders(
            row=self.row[keep],
            number=self.number[keep],
            count=self.count[keep],
            part=self.part[keep],
            placed=self.placed[keep],
            entered=self.entered[keep],
            confirmed=self.confirmed[keep],
            done=self.done[keep],
            cancelled=self.cancelled[keep],
            spend=self.spend[keep],
            is_returned=self.is_returned[keep],
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """One entry per order line; `order` points into Orders, product is -1 where there is none.

    `first_quantity` and `first_cents` are what was entered before the line was corrected on day `corrected`.
    """

    order: Ints
    position: Ints
    kind: Ints
    product: Ints
    quantity: Ints
    amount_cents: Ints
    cost_cents: Ints
    first_quantity: Ints
    first_cents: Ints
    corrected: Ints


def draw_orders(draws: Draws, accounts: Accounts, purchases: Purchases) -> Orders:
    """The orders of the purchases: one each, now and then a second one on the same day. No credit orders yet."""
    number = accounts.number[purchases.row]
    again = np.flatnonzero(draws.chance("second order", 0.04, number, purchases.count))
    index = np.concatenate([np.arange(number.size, dtype=np.int64), again])
    part = np.concatenate([np.full(number.size, MAIN), np.full(again.size, SECOND)]).astype(np.int64)
    key = (number[index], purchases.count[index], part)
    placed = purchases.day[index]
    days_late = 1 + np.minimum(11, np.floor(3.0 * draws.exponential("entry delay", *key))).astype(np.int64)
    entered = placed + np.where(draws.chance("entered late", 0.03, *key), days_late, 0)
    is_draft = draws.chance("draft", 0.25, *key)
    confirmed = entered + np.where(is_draft, 1 + draws.below("confirm", 2, *key), 0)
    shipped = confirmed + 2 + draws.below("ship", 6, *key) + np.where(purchases.is_late[index], 11, 0)
    is_cancelled = draws.chance("cancelled", 0.025, *key)
    return Orders(
        row=purchases.row[index],
        number=key[0],
        count=key[1],
        part=part,
        placed=placed,
        entered=entered,
        confirmed=confirmed,
        done=np.where(is_cancelled, NEVER, shipped),
        cancelled=np.where(is_cancelled, entered + draws.below("cancel", 7, *key), NEVER),
        spend=purchases.spend[index] * np.where(part == SECOND, 0.35, 1.0),
        is_returned=purchases.is_returned[index] & (part == MAIN) & ~is_cancelled,
    )


def draw_lines(draws: Draws, accounts: Accounts, catalogue: Catalogue, orders: Orders) -> Lines:
    """Goods, and now and then freight, a rebate or a service, for every order."""
    goods = _goods(draws, accounts, catalogue, orders)
    total = np.bincount(goods.order, weights=goods.amount_cents, minlength=orders.row.size)
    freight = 4_000 + draws.below("freight amount", 26_000, *orders.key())
    service = 20_000 + draws.below("service amount", 80_000, *orders.key())
    extras = (
        (FREIGHT, 0.15, freight, freight * 9 // 10),
        (REBATE, 0.03, -np.round(0.02 * total).astype(np.int64), np.zeros(total.size, dtype=np.int64)),
        (SERVICE, 0.02, service, service // 2),
    )
    parts = [goods]
    for kind, probability, amount, cost in extras:
        order = np.flatnonzero(draws.chance(f"extra/{kind}", probability, *orders.key()))
        parts.append(_single_lines(order, kind=kind, amount=amount[order], cost=cost[order]))
    return _joined(parts)


def draw_credits(draws: Draws, orders: Orders, lines: Lines) -> tuple[Orders, Lines]:
    """Credit orders of the returned ones, each with one negative line; `order` counts from the first credit order."""
    source = np.flatnonzero(orders.is_returned)
    key = tuple(values[source] for values in orders.key())
    goods = lines.kind == GOODS
    goods_counts = np.bincount(lines.order[goods], minlength=orders.row.size)
    first_goods = np.searchsorted(lines.order[goods], source, side="left")
    line = first_goods + draws.below("returned line", goods_counts[source], *key)
    quantity = lines.quantity[goods][line]
    returned = np.maximum(1, np.ceil(quantity * draws.uniform("returned share", *key))).astype(np.int64)
    share = returned / quantity
    day = orders.done[source] + 3 + draws.below("return after", 38, *key)
    never = np.full(source.size, NEVER, dtype=np.int64)
    credits_ = Orders(
        row=orders.row[source],
        number=orders.number[source],
        count=orders.count[source],
        part=np.full(source.size, CREDIT, dtype=np.int64),
        placed=day,
        entered=day,
        confirmed=day,
        done=day,
        cancelled=never,
        spend=orders.spend[source],
        is_returned=np.zeros(source.size, dtype=np.bool_),
    )
    amount = -np.round(lines.amount_cents[goods][line] * share).astype(np.int64)
    credit_lines = Lines(
        order=np.arange(source.size, dtype=np.int64),
        position=np.ones(source.size, dtype=np.int64),
        kind=np.full(source.size, GOODS, dtype=np.int64),
        product=lines.product[goods][line],
        quantity=-returned,
        amount_cents=amount,
        cost_cents=-np.round(lines.cost_cents[goods][line] * share).astype(np.int64),
        first_quantity=-returned,
        first_cents=amount,
        corrected=never,
    )
    return credits_, credit_lines


def _goods(draws: Draws, accounts: Accounts, catalogue: Catalogue, orders: Orders) -> Lines:
    extra = np.floor(accounts.line_count[orders.row] * draws.exponential("line count", *orders.key()))
    counts = 1 + np.minimum(_MOST_LINES - 1, extra).astype(np.int64)
    order = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    position = 1 + np.arange(order.size, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    row, placed = orders.row[order], orders.placed[order]
    key = (*(values[order] for values in orders.key()), position)

    choice = np.minimum(draws.picked("line category", (65, 25, 10), *key), accounts.breadth[row] - 1)
    category = accounts.categories[row, choice]
    # Each account has its own favourites: a skewed rank, turned by the account's number.
    rank = np.floor(PRODUCTS_PER_CATEGORY * draws.uniform("line product", *key) ** 2.2).astype(np.int64)
    item = (rank + 7 * accounts.number[row]) % PRODUCTS_PER_CATEGORY
    product = catalogue.sold_on(category * PRODUCTS_PER_CATEGORY + item, placed)

    value = np.exp(
        accounts.log_order_value[orders.row]
        + accounts.order_spread[orders.row] * draws.normal("order value", *orders.key())
    )
    weight = draws.exponential("line weight", *key) + 0.2
    share = weight / np.bincount(order, weights=weight, minlength=counts.size)[order]
    price = catalogue.price_cents[product]
    quantity = np.maximum(1, np.round(100 * (value * orders.spend)[order] * share / price)).astype(np.int64)
    unit_cents = price * (1.0 - 0.12 * draws.uniform("price level", accounts.number)[row])
    amount = np.round(quantity * unit_cents).astype(np.int64)
    is_corrected = draws.chance("line corrected", 0.005, *key)
    first_quantity = np.where(is_corrected, quantity + 1, quantity)
    return Lines(
        order=order,
        position=position,
        kind=np.full(order.size, GOODS, dtype=np.int64),
        product=product,
        quantity=quantity,
        amount_cents=amount,
        cost_cents=quantity * catalogue.cost_on(product, placed),
        first_quantity=first_quantity,
        first_cents=np.where(is_corrected, np.round(first_quantity * unit_cents).astype(np.int64), amount),
        corrected=np.where(is_corrected, orders.entered[order] + 1, NEVER),
    )


def _single_lines(order: Ints, *, kind: int, amount: Ints, cost: Ints) -> Lines:
    one = np.ones(order.size, dtype=np.int64)
    return Lines(
        order=order,
        position=one * (_EXTRA_LINE + kind),
        kind=one * kind,
        product=-one,
        quantity=one,
        amount_cents=amount,
        cost_cents=cost,
        first_quantity=one,
        first_cents=amount,
        corrected=one * NEVER,
    )


def _joined(parts: list[Lines]) -> Lines:
    return Lines(
        order=np.concatenate([part.order for part in parts]),
        position=np.concatenate([part.position for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        product=np.concatenate([part.product for part in parts]),
        quantity=np.concatenate([part.quantity for part in parts]),
        amount_cents=np.concatenate([part.amount_cents for part in parts]),
        cost_cents=np.concatenate([part.cost_cents for part in parts]),
        first_quantity=np.concatenate([part.first_quantity for part in parts]),
        first_cents=np.concatenate([part.first_cents for part in parts]),
        corrected=np.concatenate([part.corrected for part in parts]),
    )
