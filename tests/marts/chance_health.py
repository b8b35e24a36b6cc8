"""Customers by chance who order, pay, complain, answer surveys and sign, besides what their people do, as raw rows."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.marts.chance_relationship import Crm, moment

Row = dict[str, Any]


def company(dice: random.Random, *, as_of: date, accounts: int) -> dict[str, list[Row]]:
    """Return the raw rows of so many customers, the second of which is our own house."""
    crm = Crm(dice, as_of=as_of, accounts=accounts)
    for row in crm.tables["accounts"]:
        row["size_band"] = dice.choice(("small", "large", None))
    for number in range(accounts):
        _customer(crm, f"A{number}")
    return crm.tables


def _customer(crm: Crm, account: str) -> None:
    dice = crm.dice
    for number in range(dice.choice((0, 1, 4, 12, 25))):
        _order(crm, account, f"{account}-R{number}", ago=dice.randint(0, dice.choice((150, 500, 900))))
    for number in range(dice.choice((0, 3, 8))):
        _ticket(crm, account, f"{account}-T{number}")
    for number in range(dice.choice((0, 0, 1, 6))):
        _invoice(crm, account, f"{account}-N{number}")
    for number in range(dice.choice((0, 0, 3))):
        _answer(crm, account, f"{account}-S{number}")
    for number in range(dice.choice((0, 0, 1, 2))):
        _contract(crm, account, f"{account}-K{number}")


def _order(crm: Crm, account: str, key: str, *, ago: int) -> None:
    dice, day = crm.dice, crm.as_of - timedelta(days=ago)
    known = day + timedelta(days=dice.choice((0, 0, 0, 20)))
    row = {"order_id": key, "account_id": account, "ordered_at": moment(day), "status": None}
    crm.add("orders", key, row, known)
    line = {"order_line_id": key, "order_id": key, "quantity": 1, "net_amount": dice.choice((40, 100, 100, 900, -30))}
    crm.add("order_lines", key, line, known)
    if dice.random() < 0.1:
        crm.add("order_lines", key, line | {"net_amount": 55}, known + timedelta(days=40))
    if dice.random() < 0.1:
        crm.add("orders", key, row | {"status": "cancelled"}, known + timedelta(days=9))


def _ticket(crm: Crm, account: str, key: str) -> None:
    dice = crm.dice
    opened = moment(crm.as_of - timedelta(days=dice.randint(0, 400)))
    row = {
        "ticket_id": key, "account_id": account, "opened_at": opened, "kind": dice.choice(("complaint", "fault")),
        "priority": dice.choice((None, "low", "urgent", "other")), "status": "open", "first_response_at": None,
        "resolved_at": None,
    }  # fmt: skip
    crm.add("tickets", key, row, opened.date())
    if dice.random() < 0.8:
        reply = opened + timedelta(hours=dice.choice((-3, 0, 1, 7, 9, 30)))
        solved = opened + timedelta(hours=dice.choice((1, 8, 70, 300, 900))) if dice.random() < 0.8 else None
        status = dice.choice((None, "resolved", "waiting")) if solved else "waiting"
        answer = {"first_response_at": dice.choice((reply, None)), "resolved_at": solved, "status": status}
        known = max(opened, reply, solved or opened) + timedelta(hours=dice.choice((0, 200)))
        later = min(crm.as_of, max(known.date(), opened.date() + timedelta(days=1)))
        if later > opened.date():
            crm.add("tickets", key, row | answer, later)


def _invoice(crm: Crm, account: str, key: str) -> None:
    dice = crm.dice
    sent = crm.as_of - timedelta(days=dice.randint(0, 600))
    due, amount = sent + timedelta(days=30), dice.choice((100, 300, 1000))
    row = {
        "invoice_id": key, "account_id": account, "amount": amount, "due_date": due,
        "invoiced_at": moment(sent), "kind": dice.choice(("invoice", None)), "corrects_invoice_id": None,
    }  # fmt: skip
    crm.add("invoices", key, row, sent)
    kind = dice.choice(("paid", "paid", "paid", "part", "credited", "open"))
    when = max(sent, due + timedelta(days=dice.choice((-20, 0, 1, 15, 100))))
    if kind == "credited":
        note = {
            "invoice_id": f"{key}-C",
            "kind": "credit_note",
            "corrects_invoice_id": key,
            "invoiced_at": moment(when),
        }
        crm.add("invoices", f"{key}-C", row | note, when)
    elif kind != "open":
        paid = {
            "payment_id": key,
            "invoice_id": key,
            "amount": amount - (kind == "part"),
            "paid_at": moment(when),
        }
        crm.add("payments", key, paid, when + timedelta(days=dice.choice((0, 0, 5))))


def _answer(crm: Crm, account: str, key: str) -> None:
    dice, day = crm.dice, crm.as_of - timedelta(days=crm.dice.randint(0, 500))
    kind = dice.choice(("nps", "csat"))
    score = dice.choice((0, 3, 7, 8, 9, 10, 11)) if kind == "nps" else dice.randint(1, 5)
    row = {"survey_response_id": key, "account_id": account, "kind": kind, "score": score, "answered_at": moment(day)}
    crm.add("survey_responses", key, row, day)


def _contract(crm: Crm, account: str, key: str) -> None:
    dice = crm.dice
    start = crm.as_of - timedelta(days=dice.randint(-20, 900))
    end = start + timedelta(days=dice.choice((200, 365, 730)))
    signed = start - timedelta(days=dice.choice((0, 30)))
    row = {
        "contract_id": key, "account_id": account, "kind": dice.choice((None, "subscription", "framework")),
        "status": None, "start_date": start, "end_date": dice.choice((None, end, end)), "signed_date": signed,
        "is_trial": dice.choice((None, None, True)), "renews_itself": dice.choice((True, False, None)),
        "notice_date": None,
    }  # fmt: skip
    crm.add("contracts", key, row, min(signed, crm.as_of))
    notice = end - timedelta(days=60)
    if notice <= crm.as_of and dice.random() < 0.5:
        crm.add("contracts", key, row | {"notice_date": notice}, max(notice, signed))
    if end <= crm.as_of and dice.random() < 0.5:
        crm.add("contracts", key, row | {"status": "ended", "end_date": end}, max(end, signed))
