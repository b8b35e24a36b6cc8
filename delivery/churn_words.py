"""The figures of a churn list as words."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

from delivery.churn_letter import ListRow
from delivery.managers import Language
from delivery.phrases import Phrases
from warehouse.settings import ROOT

_RISK_WORDS = ROOT / "dbt_project" / "seeds" / "policy" / "policy_risk_words.csv"
_ALL_OF_TEN = 10


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


def risk(row: ListRow, phrases: Phrases) -> str | None:
    """Return how likely the account leaves, in words and as a number, with what was told before; None when unknown."""
    probability = row.churn_probability
    if probability is None:
        return row.band
    tens = round(Decimal(repr(probability)) * _ALL_OF_TEN)
    if 0 < tens < _ALL_OF_TEN:
        of_ten = phrases.say("of_ten", count=tens)
    else:
        of_ten = phrases.say("of_ten_nearly_all" if tens else "of_ten_hardly_any")
    told = phrases.say(
        "risk", words=risk_words(probability, phrases.language), of_ten=of_ten, rate=percent(probability)
    )
    former = row.former_probability
    if former is None or percent(former) == percent(probability):
        return told
    return told + phrases.say("risk_before", rate=percent(former))


def risk_words(probability: float, language: Language) -> str:
    """Return how policy says a probability in words."""
    return next(words for begin, words in _risk_words(language) if probability >= begin)


@cache
def _risk_words(language: Language) -> list[tuple[float, str]]:
    with _RISK_WORDS.open(encoding="utf-8", newline="") as lines:
        found = [(float(line["probability_from"]), line[f"words_{language}"]) for line in csv.DictReader(lines)]
    return sorted(found, reverse=True)


def figures(row: ListRow, phrases: Phrases, currency: str) -> list[tuple[str, str]]:
    """Return what an account's figures are called and what they are, without those that are not known."""
    money = money_in(currency)
    margin, revenue = row.margin_at_risk_amount, row.net_revenue_365d_amount
    pairs = (
        ("probability", risk(row, phrases)),
        ("margin_at_risk", None if margin is None else money(margin)),
        ("revenue", None if revenue is None else money(revenue)),
        ("stage", row.stage if row.abc_class is None else f"{row.stage or '–'} · {phrases.say('abc')} {row.abc_class}"),
        ("orders", rhythm(row, phrases) or None),
        ("relationship", relationship(row, phrases)),
        ("last_contact", contact(row, phrases)),
        ("tried", tried(row, phrases)),
    )
    return [(phrases.say(name), value) for name, value in pairs if value]


def rhythm(row: ListRow, phrases: Phrases) -> str:
    """Return how long ago the last order was and how often they usually come; empty when not known."""
    parts = []
    if row.days_since_last_order is not None:
        parts.append(phrases.days("last_order", row.days_since_last_order))
    if row.typical_gap_days is not None:
        parts.append(phrases.days("usual_gap", max(1, round(row.typical_gap_days))))
    return phrases.say("comma").join(parts)


def relationship(row: ListRow, phrases: Phrases) -> str | None:
    """Return how far the relationship has come and what is missing; None when nothing is known of it."""
    return phrases.say("semicolon").join(_relationship(row, phrases)) or None


def _relationship(row: ListRow, phrases: Phrases) -> Iterator[str]:
    side = row.relationship
    if side is not None and side.target is not None and (side.gap is None or side.gap > 0):
        yield phrases.say("relationship_gap", side=side.side, level=side.level, target=side.target)
    elif side is not None:
        yield phrases.say("relationship_reached", side=side.side, level=side.level)
    if row.unfilled_roles_count:
        yield phrases.count("roles_unknown", row.unfilled_roles_count)


def contact(row: ListRow, phrases: Phrases) -> str:
    """Return when both sides last spoke or wrote."""
    if row.days_since_last_contact is None:
        return phrases.say("contact_unknown")
    return phrases.days("contact", row.days_since_last_contact)


def tried(row: ListRow, phrases: Phrases) -> str:
    """Return how often the account was on a list, and what its manager said came of it."""
    if not row.mailed_days_count:
        told = phrases.say("mailed_never")
    else:
        told = phrases.count("mailed", row.mailed_days_count, day=row.last_mailed_date)
    if row.answer is not None:
        return told + phrases.say("semicolon") + phrases.say("answered", outcome=row.answer, day=row.answer_date)
    if row.mailed_days_count and row.is_asked:
        return told + phrases.say("semicolon") + phrases.say("answered_not")
    return told
