"""The next best products of customers and their success, computed again with pandas from versions of order lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

Row = dict[str, Any]

WINDOW, CYCLES, RETURN_DAYS, BASES, PAIRS, PRODUCTS, BEST_SELLERS, PEERS = 365, 2, 180, 5, 20, 5, 50, 10


@dataclass(frozen=True, slots=True)
class Offer:
    """A recommendation: of two, the one with the higher score, lift and then the lower product is better."""

    product: str
    basis: str
    lift: float
    support: int
    scope: str
    peers: int
    penetration: float
    rate: float
    margin: float | None
    score: float


class Shop:
    """What was known on a day of what was bought in the window."""

    def __init__(
        self,
        lines: pd.DataFrame,
        day: date,
        *,
        accounts: Mapping[str, Row],
        categories: Mapping[str, str | None],
        gone: set[str],
        gap: Callable[[str, date], float | None],
    ) -> None:
        self.day, self.accounts, self.gone, self._gap = day, accounts, gone, gap
        self.basis = {each: f"category|{name}" if name else f"product|{each}" for each, name in categories.items()}
        known = lines[
            (lines["known"] <= day) & (lines["until"].isna() | (lines["until"] > day)) & (lines["date"] <= day)
        ]
        window = known[known["date"] > day - timedelta(days=WINDOW)]
        self.trades: dict[tuple[str, str], Row] = {
            (str(account), str(product)): self._traded(own)
            for (account, product), own in window.groupby(["account_id", "product"])
        }
        self.bought = {key: trade for key, trade in self.trades.items() if trade["net"] > 0}
        self.customers = sorted({account for account, _ in self.bought})
        self.buyers = Counter(product for _, product in self.bought)
        self.support = max(5.0, 0.01 * len(self.customers))

    def _traded(self, own: pd.DataFrame) -> Row:
        costed = own[own["cost"].notna()]
        orders = own[own["net"] > 0]["date"]
        returns = own[own["net"] < 0]["date"]
        return {
            "net": own["net"].sum(), "costed": costed["net"].sum(), "margin": (costed["net"] - costed["cost"]).sum(),
            "days": orders.nunique(), "first": orders.min(), "last": orders.max(), "returned": returns.max(),
        }  # fmt: skip

    def is_excluded(self, account: str, product: str) -> bool:
        """Bought within its cycle, or given back lately."""
        trade = self.trades.get((account, product))
        if trade is None:
            return False
        if isinstance(trade["returned"], date) and (self.day - trade["returned"]).days < RETURN_DAYS:
            return True
        if not trade["days"]:
            return False
        own = (trade["last"] - trade["first"]).days / (trade["days"] - 1) if trade["days"] > 1 else 0.0
        return bool((self.day - trade["last"]).days <= CYCLES * max(self._gap(account, self.day) or 0.0, own))

    def values(self) -> dict[str, tuple[float, float | None]]:
        """What an average buyer of each product brings, for the ranking and as a margin."""
        costed = float(sum(trade["costed"] for trade in self.bought.values()))
        margin = float(sum(trade["margin"] for trade in self.bought.values()))
        of_all = margin / costed if costed else 1.0
        found: dict[str, tuple[float, float | None]] = {}
        for product, count in self.buyers.items():
            own = [trade for (_, each), trade in self.bought.items() if each == product]
            net = sum(trade["net"] for trade in own)
            is_known = float(sum(trade["costed"] for trade in own)) >= 0.8 * float(net) - 1e-9
            earned = float(sum(trade["margin"] for trade in own)) / count if is_known else None
            found[product] = (earned if earned is not None else float(net) / count * of_all, earned)
        return found

    def bases(self) -> dict[str, dict[str, int]]:
        """For each customer its most usual categories, with how many products of each it buys."""
        found = {}
        for account in self.customers:
            totals: dict[str, list[Any]] = {}
            for (who, product), trade in self.bought.items():
                if who == account:
                    own = totals.setdefault(self.basis[product], [0, 0, 0])
                    own[0], own[1], own[2] = own[0] + trade["days"], own[1] + trade["net"], own[2] + 1
            ranked = sorted(totals, key=lambda each: (-totals[each][0], -totals[each][1], each))[:BASES]
            found[account] = {each: totals[each][2] for each in ranked}
        return found

    def pairs(self, bases: dict[str, dict[str, int]]) -> dict[str, list[tuple[str, int, float]]]:
        """For each basis the products it speaks for, with support and lift."""
        owners = Counter(basis for own in bases.values() for basis in own)
        together: Counter[tuple[str, str]] = Counter()
        for account, product in self.bought:
            for basis, count in bases[account].items():
                if count > 1 or self.basis[product] != basis:
                    together[basis, product] += 1
        found: dict[str, list[tuple[str, int, float]]] = {}
        for (basis, product), support in together.items():
            lift = support * len(self.customers) / (owners[basis] * self.buyers[product])
            if support >= self.support and lift > 1:
                found.setdefault(basis, []).append((product, support, lift))
        return {
            basis: sorted(own, key=lambda each: (-each[1], -each[2], each[0]))[:PAIRS] for basis, own in found.items()
        }

    def groups(self) -> dict[str, tuple[str, frozenset[str]]]:
        """With whom each customer is compared."""
        cells: dict[tuple[Any, Any], set[str]] = {}
        for account in self.customers:
            row = self.accounts[account]
            if row["industry"] and row["size_band"]:
                cells.setdefault((row["industry"], row["size_band"]), set()).add(account)
        found = {}
        for account in self.customers:
            row = self.accounts[account]
            own = cells.get((row["industry"], row["size_band"]), set())
            is_group = len(own) >= PEERS
            found[account] = ("industry_size", frozenset(own)) if is_group else ("all", frozenset(self.customers))
        return found

    def offers(self) -> dict[str, list[Offer]]:
        """The recommendations to each customer, best first."""
        bases, values, groups = self.bases(), self.values(), self.groups()
        pairs = self.pairs(bases)
        found = {}
        for account in self.customers:
            scope, peers = groups[account]
            best: dict[str, Offer] = {}
            for basis in sorted(bases[account]):
                for product, support, lift in pairs.get(basis, []):
                    buyers = sum((peer, product) in self.bought for peer in peers)
                    value, margin = values[product]
                    if not buyers or value <= 0 or product in self.gone or self.is_excluded(account, product):
                        continue
                    penetration = buyers / len(peers)
                    rate = min(1.0, lift * penetration)
                    offer = Offer(
                        product, basis, lift, support, scope, len(peers), penetration, rate,
                        None if margin is None else rate * margin, rate * value,
                    )  # fmt: skip
                    if product not in best or (offer.score, lift) > (best[product].score, best[product].lift):
                        best[product] = offer
            ranked = sorted(best.values(), key=lambda each: (-each.score, -each.lift, each.product))[:PRODUCTS]
            if ranked:
                found[account] = ranked
        return found

    def best_sellers(self, counts: Mapping[str, int]) -> dict[str, list[str]]:
        """As many best sellers for each customer as it got recommendations."""
        revenue = {
            product: float(sum(trade["net"] for (_, each), trade in self.bought.items() if each == product)) / count
            for product, count in self.buyers.items()
        }
        ranked = sorted(
            (each for each in self.buyers if each not in self.gone),
            key=lambda each: (-self.buyers[each], -revenue[each], each),
        )[:BEST_SELLERS]
        return {
            account: [each for each in ranked if not self.is_excluded(account, each)][:count]
            for account, count in counts.items()
        }


def success(offered: Mapping[str, list[str]], sold: set[tuple[str, str]]) -> tuple[int, int, int, int]:
    """Customers, products offered, hits, customers with a hit."""
    hits = {account: sum((account, each) in sold for each in products) for account, products in offered.items()}
    counted = [account for account, products in offered.items() if products]
    offers = sum(map(len, offered.values()))
    return len(counted), offers, sum(hits.values()), sum(hits[account] > 0 for account in counted)
