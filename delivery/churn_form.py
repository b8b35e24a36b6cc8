"""How a churn list is written down: its figures as words, and the columns of its spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from delivery.churn_letter import ChurnLetter, ListRow
from delivery.phrases import Phrases
from delivery.workbook import Column, Sheet, Value


def _reason(position: int) -> Callable[[ListRow, Phrases], Value]:
    return lambda row, _: row.reasons[position] if position < len(row.reasons) else None


COLUMNS = (
    Column("rank", 7, lambda row, _: row.rank, "0"),
    Column("account_id", 14, lambda row, _: row.account_id),
    Column("account_name", 32, lambda row, _: row.account_name),
    Column("is_new", 7, lambda row, phrases: phrases.say("is_yes" if row.is_new else "is_no")),
    Column("band", 12, lambda row, _: row.band),
    Column("churn_probability", 9, lambda row, _: row.churn_probability, "0%"),
    Column("expected_loss_amount", 16, lambda row, _: row.expected_loss_amount, "#,##0"),
    Column("net_revenue_365d_amount", 18, lambda row, _: row.net_revenue_365d_amount, "#,##0"),
    Column("days_since_last_order", 13, lambda row, _: row.days_since_last_order, "0"),
    Column("typical_gap_days", 13, lambda row, _: row.typical_gap_days, "0"),
    Column("stage", 14, lambda row, _: row.stage),
    Column("abc_class", 8, lambda row, _: row.abc_class),
    Column("reason_1", 44, _reason(0)),
    Column("reason_2", 44, _reason(1)),
    Column("reason_3", 44, _reason(2)),
    Column("play", 24, lambda row, _: row.play),
    Column("play_steps", 60, lambda row, _: row.play_steps),
)


def churn_sheet(letter: ChurnLetter, phrases: Phrases) -> Sheet:
    """Return what the spreadsheet of a churn list holds."""
    about_loss = phrases.say("footer" if letter.method_code == "model" else "footer_rule")
    facts = (
        (phrases.say("made_by"), phrases.method(letter.method_code)),
        (phrases.say("expected_loss"), about_loss),
    )
    return Sheet(COLUMNS, letter.rows, facts)


def churn_values(letter: ChurnLetter, phrases: Phrases) -> dict[str, Any]:
    """Return what the templates of a churn list use besides the letter and its sentences."""
    return {
        "money": money_in(letter.currency),
        "figures": lambda row, *, with_loss: figures(row, phrases, letter.currency, with_loss=with_loss),
        "rhythm": lambda row: rhythm(row, phrases),
    }


def money_in(currency: str) -> Callable[[Decimal | None], str]:
    """Return a function that writes an amount in whole units, with its currency; none is a dash."""

    def money(amount: Decimal | None) -> str:
        if amount is None:
            return "–"
        return f"{currency} {amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN):,}"

    return money


def percent(probability: float) -> str:
    """Return a probability as whole per cent; what is not certain is never shown as 0 or 100."""
    if 0 < probability < 0.01:  # noqa: PLR2004
        return "<1 %"
    if 0.99 < probability < 1:  # noqa: PLR2004
        return ">99 %"
    return f"{probability:.0%}".replace("%", " %")


def figures(row: ListRow, phrases: Phrases, currency: str, *, with_loss: bool) -> list[str]:
    """Return the figures of an account as short texts, without those that are not known."""
    money = money_in(currency)
    risk = row.band or ""
    if row.churn_probability is not None:
        risk = f"{risk} {percent(row.churn_probability)}".strip()
    pairs = (
        ("expected_loss", money(row.expected_loss_amount) if with_loss and row.expected_loss_amount else None),
        ("probability", risk or None),
        ("revenue", None if row.net_revenue_365d_amount is None else money(row.net_revenue_365d_amount)),
        ("abc", row.abc_class),
        ("stage", row.stage),
    )
    return [f"{phrases.say(name)}{phrases.say('colon')}{value}" for name, value in pairs if value]


def rhythm(row: ListRow, phrases: Phrases) -> str:
    """Return how long ago the last order was and how often they usually come; empty when not known."""
    parts = []
    if row.days_since_last_order is not None:
        parts.append(phrases.days("last_order", row.days_since_last_order))
    if row.typical_gap_days is not None:
        parts.append(phrases.days("usual_gap", max(1, round(row.typical_gap_days))))
    return ("，" if phrases.language == "zh" else ", ").join(parts)
