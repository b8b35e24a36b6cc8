"""How a churn list is written down: the parts of its mail, and the columns of its spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from delivery.churn_letter import ChurnLetter, ListRow
from delivery.churn_words import contact, figures, money_in, relationship, rhythm, risk, tried
from delivery.order_chart import bars
from delivery.phrases import Phrases
from delivery.workbook import Column, Sheet, Value

# Accounts that the page tells in full, and in full or in brief: Gmail cuts one of more than 102 kB.
FULL_LIMIT = 10
SHOWN_LIMIT = 20


def _reason(position: int) -> Callable[[ListRow, Phrases], Value]:
    return lambda row, _: row.reasons[position] if position < len(row.reasons) else None


# What a manager fills in.
TO_FILL = frozenset({"outcome", "note", "snooze_until"})
COLUMNS = (
    Column("rank", 7, lambda row, _: row.rank, "0"),
    Column("row_code", 14, lambda row, _: row.row_code),
    Column("account_name", 32, lambda row, _: row.account_name),
    Column("account_id", 14, lambda row, _: row.account_id),
    Column("status", 14, lambda row, _: row.status),
    Column("outcome", 18, lambda _, __: None, choices=True),
    Column("note", 36, lambda _, __: None),
    Column("snooze_until", 14, lambda _, __: None, "yyyy-mm-dd"),
    Column("stands_in_for", 14, lambda row, _: row.stands_in_for),
    Column("band", 12, lambda row, _: row.band),
    Column("churn_probability", 9, lambda row, _: row.churn_probability, "0%"),
    Column("former_probability", 9, lambda row, _: row.former_probability, "0%"),
    Column("risk_words", 30, risk),
    Column("expected_loss_amount", 16, lambda row, _: row.expected_loss_amount, "#,##0"),
    Column("margin_at_risk_amount", 16, lambda row, _: row.margin_at_risk_amount, "#,##0"),
    Column("net_revenue_365d_amount", 18, lambda row, _: row.net_revenue_365d_amount, "#,##0"),
    Column("days_since_last_order", 13, lambda row, _: row.days_since_last_order, "0"),
    Column("typical_gap_days", 13, lambda row, _: row.typical_gap_days, "0"),
    Column("order_days", 24, lambda row, _: " ".join(map(str, row.order_days)) or None),
    Column("stage", 14, lambda row, _: row.stage),
    Column("abc_class", 8, lambda row, _: row.abc_class),
    Column("relationship", 44, relationship),
    Column("days_since_last_contact", 13, lambda row, _: row.days_since_last_contact, "0"),
    Column("tried", 44, tried),
    Column("reason_1", 44, _reason(0)),
    Column("reason_2", 44, _reason(1)),
    Column("reason_3", 44, _reason(2)),
    Column("play", 24, lambda row, _: row.play),
    Column("play_steps", 60, lambda row, _: row.play_steps),
    Column("record_url", 30, lambda row, _: row.record_url),
)


def churn_sheet(letter: ChurnLetter, phrases: Phrases) -> Sheet:
    """Return what the spreadsheet of a churn list holds: its rows, with room for an answer to each."""
    is_asked = bool(letter.outcomes)
    about_loss = phrases.say("footer" if letter.method_code == "model" else "footer_rule")
    facts = [
        (phrases.say("made_by"), phrases.method(letter.method_code)),
        (phrases.say("expected_loss"), about_loss),
        (phrases.say("orders"), phrases.say("about_orders")),
    ]
    if is_asked:
        outcomes = phrases.say("comma").join(letter.outcomes)
        facts.append((phrases.say("answer"), phrases.say("answer_how", outcomes=outcomes)))
    columns = [each for each in COLUMNS if is_asked or each.name not in TO_FILL]
    return Sheet(columns, letter.rows, facts, choices=letter.outcomes)


def churn_values(letter: ChurnLetter, phrases: Phrases) -> dict[str, Any]:
    """Return what the templates of a churn list use besides the letter and its sentences."""
    by_money = sorted(letter.rows, key=lambda row: row.rank)
    in_full = {row.account_id for row in by_money[:FULL_LIMIT] if row.is_open}
    shown = {row.account_id for row in by_money[:SHOWN_LIMIT]}
    return {
        "money": money_in(letter.currency),
        "sections": letter.sections,
        "in_full": lambda row: row.account_id in in_full,
        "is_shown": lambda row: row.account_id in shown,
        "more_in": lambda rows: sum(row.account_id not in shown for row in rows),
        "figures": lambda row: figures(row, phrases, letter.currency),
        "risk": lambda row: risk(row, phrases),
        "rhythm": lambda row: rhythm(row, phrases),
        "contact": lambda row: contact(row, phrases),
        "bars": lambda row: bars(row.order_days, letter.as_of) if any(row.order_days) else [],
        "example_code": letter.rows[0].row_code,
        "example_outcome": letter.outcomes[0] if letter.outcomes else None,
    }
