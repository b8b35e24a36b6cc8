"""A company by chance whose records tell of value, loyalty and potential, as raw rows and in the independent form."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from tests.marts.independent_value import Row

SINCE = date(2022, 9, 1)
CATEGORIES = {
    f"p{number}": name
    for number, name in enumerate(["valves", "pumps", "seals", "seals", None, "pumps", "valves", "pumps", "hoses"])
}
DISCONTINUED = {"p7"}


def moment(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.combine(day, time(4), tzinfo=UTC)


@dataclass(slots=True)
class Chance:
    """Rows for each raw table, and the versions that an independent computation reads."""

    dice: random.Random
    as_of: date
    tables: dict[str, list[Row]] = field(default_factory=dict)
    versions: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, entity: str, raw: Row, told: Row, *, known: date, until: date | None = None) -> None:
        """Add a version of a record; what is known after the day is loaded but counts nowhere."""
        self.tables.setdefault(entity, []).append(raw | {"known_at": moment(known)})
        if known <= self.as_of:
            self.versions.setdefault(entity, []).append(told | {"known": known, "until": until})

    def day(self, first: date = SINCE) -> date:
        return first + timedelta(days=self.dice.randint(0, (self.as_of - first).days))


def company(dice: random.Random, *, as_of: date, count: int) -> Chance:
    """Return a company of `count` accounts; the last of them is our own, the one before has never ordered."""
    chance = Chance(dice, as_of)
    chance.tables["products"] = [
        {"product_id": each, "category": name, "is_active": None if each == "p1" else each not in DISCONTINUED}
        for each, name in CATEGORIES.items()
    ]
    names = [f"V{number:03}" for number in range(count)]
    chance.tables["accounts"] = [
        {
            "account_id": name, "industry": dice.choice(["chemistry", "chemistry", "chemistry", "water", None]),
            "size_band": dice.choice(["small", "small", "small", "large", None]), "is_internal": name == names[-1],
        }
        for name in names
    ]  # fmt: skip
    for name in names:
        if name != names[-2]:
            _orders(chance, name)
        _money(chance, name)
        _people(chance, name, names)
    return chance


def _orders(chance: Chance, account: str) -> None:
    dice = chance.dice
    first = chance.day()
    for number in range(dice.choice([1, 2, 6, 15, 30])):
        order = f"{account}-{number}"
        day = first if number == 0 else chance.day(first)
        known = day + timedelta(days=dice.choice([0, 0, 1, 40]))
        status = "cancelled" if number and dice.random() < 0.1 else None
        raw: Row = {"order_id": order, "account_id": account, "status": status, "ordered_at": moment(day)}
        chance.tables.setdefault("orders", []).append(raw | {"known_at": moment(known)})
        product, amount = (
            dice.choice(list(CATEGORIES)),
            Decimal(dice.choice([50, 100, 100, 400, 900, -30 * bool(number)])),
        )
        cost = None if dice.random() < 0.1 else amount * Decimal("0.7")
        line: Row = {
            "order_line_id": order, "order_id": order, "product_id": product, "quantity": 1,
            "net_amount": amount, "cost_amount": cost,
        }  # fmt: skip
        told = {"account_id": account, "date": day, "net": amount, "cost": cost, "category": CATEGORIES[product]}
        told["product"] = product
        corrected = known + timedelta(days=dice.randint(1, 90)) if dice.random() < 0.2 else None
        told["counts"] = status is None
        chance.add("order_lines", line, told, known=known, until=corrected)
        if corrected is not None:
            chance.add("order_lines", line | {"net_amount": amount * 2}, told | {"net": amount * 2}, known=corrected)


def _money(chance: Chance, account: str) -> None:
    dice = chance.dice
    for number in range(dice.choice([0, 0, 2, 5])):
        invoice, day, amount = f"{account}-{number}", chance.day(date(2024, 3, 1)), Decimal(dice.randint(1, 9) * 100)
        due = day + timedelta(days=30)
        raw: Row = {"invoice_id": invoice, "account_id": account, "amount": amount, "invoiced_at": moment(day)}
        told = {"invoice_id": invoice, "account_id": account, "amount": amount, "date": day, "due": due}
        chance.add("invoices", raw | {"due_date": due}, told, known=day)
        for part in range(dice.choice([0, 1, 1, 2])):
            paid, some = due + timedelta(days=dice.randint(-20, 20)), amount / dice.choice([1, 2])
            row: Row = {
                "payment_id": f"{invoice}-{part}",
                "invoice_id": invoice,
                "amount": some,
                "paid_at": moment(paid),
            }
            chance.add("payments", row, {"invoice_id": invoice, "amount": some, "date": paid}, known=paid)
    for number in range(dice.choice([0, 0, 1, 3])):
        kind, status = dice.choice([None, "new_business", "renewal"]), dice.choice([None, "open", "won", "lost"])
        amount, probability = Decimal(dice.randint(1, 9) * 1000), Decimal(dice.randint(0, 10)) / 10
        chance.add(
            "opportunities",
            {"opportunity_id": f"{account}-{number}", "account_id": account, "kind": kind, "status": status,
             "amount": amount, "probability": probability},
            {"account_id": account, "kind": kind, "is_open": status in (None, "open"), "amount": amount,
             "probability": probability},
            known=chance.day(date(2025, 1, 1)),
        )  # fmt: skip


def _people(chance: Chance, account: str, names: list[str]) -> None:
    dice = chance.dice
    for number in range(dice.choice([0, 2, 4, 9])):
        day = chance.day(date(2024, 3, 1))
        kind, status = dice.choice(["visit", "mail", "call"]), dice.choice([None, "done", "missed", "cancelled"])
        said = dice.choice([None, True, False])
        is_visit, took_place = kind == "visit", status in (None, "done")
        chance.add(
            "interactions",
            {"interaction_id": f"{account}-{number}", "account_id": account, "kind": kind, "status": status,
             "is_two_way": said, "happened_at": moment(day)},
            {"account_id": account, "date": day,
             "two_way": (said if said is not None else is_visit or None) if took_place else None,
             "kept": False if status == "missed" else True if is_visit and took_place else None},
            known=day,
        )  # fmt: skip
    for number in range(dice.choice([0, 1, 3])):
        day, kind = chance.day(date(2024, 3, 1)), dice.choice(["complaint", "question"])
        raw: Row = {"ticket_id": f"{account}-{number}", "account_id": account, "kind": kind, "opened_at": moment(day)}
        chance.add("tickets", raw, {"account_id": account, "kind": kind, "date": day}, known=day)
    for number in range(dice.choice([0, 0, 0, 1, 2])):
        day, whom = chance.day(date(2023, 3, 1)), dice.choice(names)
        raw = {"referral_id": f"{account}-{number}", "account_id": account, "referred_account_id": whom}
        chance.add("referrals", raw | {"referred_at": moment(day)}, {"account_id": account, "date": day}, known=day)


def row_key(entity: str) -> str:
    """Return the key column of an entity of this company."""
    return "opportunity_id" if entity == "opportunities" else f"{entity.removesuffix('s')}_id"
