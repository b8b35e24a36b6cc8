"""Records of service and sales made by chance: who said, ordered, received, was billed and trained what, and when."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Records = dict[str, list[Row]]

SAYINGS: dict[str | None, set[str]] = {
    None: set(),
    "Good morning": set(),
    "The price is too high": {"price"},
    "交货太慢了": {"delivery"},
    "The boxes were crushed, and the price went up": {"packaging", "price"},
}
LABELS: dict[str | None, set[str]] = {None: set(), "leaks": {"quality"}, "price": {"price"}}

KEYS = {
    "accounts": "account_id", "contacts": "contact_id", "tickets": "ticket_id", "web_visits": "web_visit_id",
    "survey_responses": "survey_response_id", "interactions": "interaction_id", "products": "product_id",
    "orders": "order_id", "order_lines": "order_line_id", "invoices": "invoice_id",
}  # fmt: skip


def records(dice: random.Random, over: datetime) -> Records:
    """Return rows by entity, of accounts of their own, most of them dated before `over` and a few after."""
    accounts: list[Row] = [
        {
            "account_id": f"S{number:02}", "industry": dice.choice(["food", "food", "toys", None]),
            "size_band": dice.choice(["small", "large"]), "region": dice.choice(["north", "south"]),
            "is_internal": number == 0,
        }
        for number in range(30)
    ]  # fmt: skip
    ids = [account["account_id"] for account in accounts]
    contacts: list[Row] = [
        {"contact_id": f"{account}-{place}", "account_id": account, "buying_role": role}
        for account in ids
        for place, role in enumerate([dice.choice(["approver", "decision_maker"]), "evaluator", None])
    ]
    made: Records = {"accounts": accounts, "contacts": contacts}
    made["tickets"] = [_ticket(dice, number, ids, over) for number in range(300)]
    made["survey_responses"] = [_answer(dice, number, ids, over) for number in range(400)]
    made["interactions"] = [_interaction(dice, number, ids, over) for number in range(300)]
    made["web_visits"] = [
        {
            "web_visit_id": f"v{number}", "account_id": dice.choice(ids), "page": dice.choice(["start", "order"]),
            "use_count": dice.choice([None, 2, 5]), "visited_at": _moment(dice, over, days=330),
        }
        for number in range(300)
    ]  # fmt: skip
    made["products"] = [
        {"product_id": f"p{number}", "category": ["pumps", "valves", "seals", None][number % 4]} for number in range(8)
    ]
    made["orders"] = [_order(dice, number, ids, over) for number in range(500)]
    made["order_lines"] = [_line(dice, order, place) for order in made["orders"] for place in range(2)]
    made["invoices"] = [row for order in made["orders"] for row in _invoices(dice, order)]
    return made


def _moment(dice: random.Random, over: datetime, *, days: int) -> datetime:
    return over - timedelta(minutes=dice.randint(-60 * 24 * 5, 60 * 24 * days))


def _ticket(dice: random.Random, number: int, ids: list[str], over: datetime) -> Row:
    opened = _moment(dice, over, days=330)
    return {
        "ticket_id": f"s{number}", "account_id": dice.choice(ids), "opened_at": opened,
        "kind": dice.choice(["complaint", "complaint", "fault", None]),
        "category": dice.choice(list(LABELS)), "description": dice.choice(list(SAYINGS)),
        "product_id": dice.choice([None, "p1", "p2"]), "priority": dice.choice([None, "low", "urgent"]),
        "first_response_at": opened + timedelta(hours=dice.randint(0, 40)) if dice.random() < 0.8 else None,
        "resolved_at": opened + timedelta(hours=dice.randint(0, 2000)) if dice.random() < 0.8 else None,
        "status": dice.choice([None, None, "open", "resolved"]),
    }  # fmt: skip


def _answer(dice: random.Random, number: int, ids: list[str], over: datetime) -> Row:
    account, kind = dice.choice(ids), dice.choice(["nps", "nps", "csat", "csat", "ces"])
    who = dice.choice([f"{account}-0", f"{account}-1", f"{account}-2", None])
    return {
        "survey_response_id": f"s{number}", "account_id": account, "contact_id": who, "kind": kind, "best_score": None,
        "score": dice.randint(0, 11) if kind == "nps" else dice.randint(1, 5),
        "answered_at": over - timedelta(minutes=dice.randint(1, 60 * 24 * 300)), "comment": dice.choice(list(SAYINGS)),
    }  # fmt: skip


def _interaction(dice: random.Random, number: int, ids: list[str], over: datetime) -> Row:
    account = dice.choice(ids)
    return {
        "interaction_id": f"i{number}", "account_id": account, "kind": dice.choice(["call", "visit", "training"]),
        "contact_id": dice.choice([f"{account}-0", f"{account}-1", None]),
        "direction": dice.choice([None, "inbound", "outbound", "mutual"]),
        "status": dice.choice([None, None, "done", "planned"]),
        "outcome": dice.choice([None, None, "no_response", "positive", "negative"]),
        "note": dice.choice(list(SAYINGS)),
        "participant_count": dice.choice([None, None, 4]), "happened_at": _moment(dice, over, days=330),
    }  # fmt: skip


def _order(dice: random.Random, number: int, ids: list[str], over: datetime) -> Row:
    ordered = over - timedelta(minutes=dice.randint(1, 60 * 24 * 900))
    expected = ordered.date() + timedelta(days=dice.randint(3, 40)) if dice.random() < 0.7 else None
    return {
        "order_id": f"o{number}", "account_id": dice.choice(ids), "ordered_at": ordered, "expected_date": expected,
        "delivered_date": ordered.date() + timedelta(days=dice.randint(-1, 50)) if dice.random() < 0.7 else None,
        "status": dice.choice([None, "open", "done", "done", "cancelled"]),
    }  # fmt: skip


def _line(dice: random.Random, order: Row, place: int) -> Row:
    amount = Decimal(dice.randint(1, 40)) * 5 * (-1 if dice.random() < 0.1 else 1)
    return {
        "order_line_id": f"{order['order_id']}-{place}", "order_id": order["order_id"],
        "product_id": f"p{dice.randint(0, 7)}", "quantity": 1 if amount > 0 else -1, "net_amount": amount,
    }  # fmt: skip


def _invoices(dice: random.Random, order: Row) -> list[Row]:
    rows: list[Row] = []
    for kind, chance in (("invoice", 0.8), (None, 0.2), ("credit_note", 0.3), ("credit_note", 0.1)):
        if dice.random() < chance:
            number = f"{order['order_id']}-{len(rows)}"
            names = rows[0]["invoice_id"] if rows and kind == "credit_note" and dice.random() < 0.5 else None
            rows.append(
                {
                    "invoice_id": number,
                    "account_id": order["account_id"],
                    "kind": kind,
                    "amount": 10,
                    "order_id": order["order_id"],
                    "corrects_invoice_id": names,
                    "invoiced_at": order["ordered_at"] + timedelta(days=dice.randint(0, 40)),
                }
            )
    return rows
