"""What is sold: products, their prices and their costs, which are revised every New Year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.draws import Draws, Floats, Ints
from simulator.seasons import day_number, day_of
from simulator.words import CATEGORIES, SPECIFICATIONS

PRODUCTS_PER_CATEGORY = len(CATEGORIES[0][3]) * len(SPECIFICATIONS)
_LAUNCHED_LATER = 2
"""Products of a category that come to market while the company lives; until then their elders are bought."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One entry per product; prices in cents, costs in cents by product and year (from `first_year`)."""

    sku: list[str]
    title: list[str]
    category: list[str]
    launched: Ints
    price_cents: Ints
    cost_cents: Ints
    first_year: int

    def cost_on(self, product: Ints, day: Ints) -> Ints:
        """Unit cost in cents of each product on each day."""
        years = (day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
        return np.asarray(self.cost_cents[product, np.maximum(0, years - self.first_year)])

    def sold_on(self, product: Ints, day: Ints) -> Ints:
        """The product itself, or the elder it replaces while it is not yet launched."""
        return np.where(self.launched[product] <= day, product, product - _LAUNCHED_LATER)


def draw_catalogue(draws: Draws, *, first_day: int, until: int) -> Catalogue:
    """The catalogue with the costs of every year up to that of day `until`."""
    sku, title, category, lowest, cost_share = [], [], [], [], []
    for code, (name, cheapest, share, nouns) in enumerate(CATEGORIES):
        for item in range(PRODUCTS_PER_CATEGORY):
            sku.append(f"{code + 1:02d}{item + 1:03d}")
            title.append(f"{nouns[item % len(nouns)]} {SPECIFICATIONS[item // len(nouns)]}")
            category.append(name)
            lowest.append(cheapest)
            cost_share.append(share)
    product = np.arange(len(sku), dtype=np.int64)
    is_later = product % PRODUCTS_PER_CATEGORY >= PRODUCTS_PER_CATEGORY - _LAUNCHED_LATER
    launched = first_day + np.where(is_later, 60 + draws.below("launch", 900, product), 0)
    price = np.asarray(lowest) * np.exp(1.6 * draws.uniform("price", product))
    price_cents = np.maximum(50, np.round(price * 100)).astype(np.int64)
    first_year, last_year = day_of(first_day).year, day_of(until).year
    cost = [price_cents * np.asarray(cost_share) * (0.92 + 0.16 * draws.uniform("cost", product))]
    cost.extend(
        cost[0] * _cost_index(draws, product, first_year=first_year, year=year)
        for year in range(first_year + 1, last_year + 1)
    )
    return Catalogue(
        sku=sku,
        title=title,
        category=category,
        launched=launched,
        price_cents=price_cents,
        cost_cents=np.round(np.stack(cost, axis=1)).astype(np.int64),
        first_year=first_year,
    )


def last_cost_revision(day: int) -> int:
    """The New Year's Day on which the costs of `day` were set."""
    return day_number(date(day_of(day).year, 1, 1))


def _cost_index(draws: Draws, product: Ints, *, first_year: int, year: int) -> Floats:
    index = np.ones(product.size)
    for passed in range(first_year + 1, year + 1):
        index *= 0.98 + 0.07 * draws.uniform("cost revision", product, passed)
    return index
