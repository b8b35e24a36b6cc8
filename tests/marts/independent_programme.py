"""Key figures and effects of campaigns, computed a second time: in plain Python, from the words.

Nothing here looks at the SQL. What an account is on a day comes from `tests.marts.independent_lifecycle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from statistics import mean, variance

from scipy.stats import binomtest

from tests.marts.independent_lifecycle import State
from tests.marts.independent_service import Agreement

Figures = dict[str, Fraction | None]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the key figures: what accounts are at its end, a month and a year before, and what contracts bring.

    `before` and `year_before` are None where the records do not go back so far.
    """

    now: Mapping[str, State]
    before: Mapping[str, State] | None
    year_before: Mapping[str, State] | None
    paying: Callable[[str, int], Decimal]
    """An account's recurring revenue so many months before."""
    has_two_years_of_orders: bool


def figures(month: Month, accounts: Iterable[str], renewed: Mapping[str, bool]) -> Figures:
    """Return the metrics that are counted from these accounts; `renewed` has those of which contracts ended."""
    names = sorted(accounts)
    now = {name for name in names if _is_customer(month.now.get(name), month.paying(name, 0))}
    revenue = {name: month.now[name].revenue if name in month.now else Decimal(0) for name in names}
    bought = [month.now[name].order_days for name in names if name in month.now]
    positive = sorted((max(Decimal(0), each) for each in revenue.values()), reverse=True)
    due = [name for name in names if name in renewed]
    found: Figures = {
        "repeat": _share(sum(each > 1 for each in bought), sum(each > 0 for each in bought)),
        "customers": Fraction(len(now)),
        "renewal": _share(sum(renewed[name] for name in due), len(due)),
        "mrr": Fraction(sum((month.paying(name, 0) for name in names), Decimal(0))),
        "revenue": Fraction(sum(revenue.values(), Decimal(0))),
        "largest_customer": _share(sum(positive[:1], Decimal(0)), sum(positive, Decimal(0))),
        "five_largest": _share(sum(positive[:5], Decimal(0)), sum(positive, Decimal(0))),
        "concentration": _share(sum((each * each for each in positive), Decimal(0)), sum(positive, Decimal(0)) ** 2),
    }
    found |= _against_the_month_before(month, names, now)
    kept = _kept(names, month.paying, 12) if month.year_before is not None else (None, None)
    found["grr_12m"], found["nrr_12m"] = kept
    found["sales_growth"] = None
    if month.year_before is not None and month.has_two_years_of_orders:
        year_before = sum((month.year_before[name].revenue for name in names if name in month.year_before), Decimal(0))
        found["sales_growth"] = _share(sum(revenue.values(), Decimal(0)) - year_before, max(Decimal(0), year_before))
    return found


def _against_the_month_before(month: Month, names: Sequence[str], now: set[str]) -> Figures:
    metrics = (
        "customers_gained", "customers_lost", "net_customers", "customer_retention", "churned_revenue", "churned_mrr",
        "grr", "nrr", "prospect_conversion", "second_order",
    )  # fmt: skip
    if month.before is None:
        return dict.fromkeys(metrics)
    before = {name for name in names if _is_customer(month.before.get(name), month.paying(name, 1))}
    was = {name: state.stage for name, state in month.before.items() if name in names}
    stage = {name: state.stage for name, state in month.now.items()}
    first = [name for name, each in was.items() if each == "first"]
    prospects = [name for name, each in was.items() if each == "prospect"]
    gone = [name for name in names if month.paying(name, 1) > 0 and month.paying(name, 0) == 0]
    grr, nrr = _kept(names, month.paying, 1)
    lost = sum((month.before[name].revenue for name in before - now if name in month.before), Decimal(0))
    return {
        "customers_gained": Fraction(len(now - before)),
        "customers_lost": Fraction(len(before - now)),
        "net_customers": Fraction(len(now - before) - len(before - now)),
        "customer_retention": _share(len(before & now), len(before)),
        "churned_revenue": Fraction(lost),
        "churned_mrr": Fraction(sum((month.paying(name, 1) for name in gone), Decimal(0))),
        "grr": grr,
        "nrr": nrr,
        "prospect_conversion": _share(sum(stage[name] != "prospect" for name in prospects), len(prospects)),
        "second_order": _share(sum(stage.get(name) in ("growing", "mature", "loyal") for name in first), len(first)),
    }  # fmt: skip


def _kept(
    names: Sequence[str], paying: Callable[[str, int], Decimal], months: int
) -> tuple[Fraction | None, Fraction | None]:
    """Return gross and net retention against so many months before."""
    pairs = [(paying(name, months), paying(name, 0)) for name in names if paying(name, months) > 0]
    start = sum((before for before, _ in pairs), Decimal(0))
    gross = sum((min(pair) for pair in pairs), Decimal(0))
    return _share(gross, start), _share(sum((now for _, now in pairs), Decimal(0)), start)


def _is_customer(state: State | None, pays: Decimal) -> bool:
    return (state is not None and state.stage not in ("prospect", "churned")) or pays > 0


def _share(part: Decimal | int, whole: Decimal | int) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def renewals(agreements: Mapping[str, Sequence[Agreement]], *, gap: int, until: date) -> dict[date, dict[str, bool]]:
    """Return, by month, the accounts of which contracts ended, and whether others followed each of them in time."""
    found: dict[date, dict[str, bool]] = {}
    for name, own in agreements.items():
        for each in own:
            if each.end is None or each.end > until:
                continue
            followed = any(
                (other.end is None or other.end > each.end) and (other.start - each.end).days <= gap + 1
                for other in own
            )
            month = found.setdefault(each.end.replace(day=1), {})
            month[name] = month.get(name, True) and followed
    return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """An account of a campaign: the day it joined, its arm, when it opened opportunities, what it ordered when."""

    joined: date
    is_treated: bool
    opened: Sequence[date]
    bought: Mapping[date, Decimal]

    def outcome(self, name: str, *, after: bool, window: int = 60) -> float:
        """Return what it did in the days before or after."""
        begins = self.joined if after else self.joined - timedelta(days=window)
        days = [begins + timedelta(days=number) for number in range(1, window + 1)]
        if name == "opportunity":
            return float(any(day in days for day in self.opened))
        amounts = [self.bought.get(day, Decimal(0)) for day in days]
        return float(any(each > 0 for each in amounts)) if name == "order" else float(sum(amounts, Decimal(0)))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a campaign added, with the limits of confidence and the least effect so many accounts would show."""

    value: float
    low: float
    high: float
    detectable: float | None


def effect(chosen: Sequence[Chosen], outcome: str) -> Effect | None:
    """Return the effect by both arms, or None without both; for rates by Newcombe (1998), method 10."""
    arms = [[each for each in chosen if each.is_treated is arm] for arm in (True, False)]
    if not all(arms):
        return None
    treated, holdout = ([each.outcome(outcome, after=True) for each in arm] for arm in arms)
    if outcome == "revenue":
        changes = [
            [each.outcome(outcome, after=True) - each.outcome(outcome, after=False) for each in arm] for arm in arms
        ]
        value = mean(changes[0]) - mean(changes[1])
        error = sqrt(sum(variance(each) / len(each) for each in changes))
        return Effect(value, value - 1.96 * error, value + 1.96 * error, 2.8016 * error or None)
    (p1, l1, u1), (p2, l2, u2) = (_wilson(each) for each in (treated, holdout))
    value = p1 - p2
    pooled = mean([*treated, *holdout])
    error = sqrt(pooled * (1 - pooled) * (1 / len(treated) + 1 / len(holdout)))
    return Effect(
        value,
        value - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2),
        value + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2),
        2.8016 * error or None,
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """An account of a programme: the rate at which it could be left out, its arm, whether the outcome came."""

    rate: float
    is_treated: bool
    came: bool


def effect_of_rates(drawn: Sequence[Drawn]) -> Effect | None:
    """Return the effect over the rates, each compared by itself, or None when no rate has both arms.

    The weights are those of Mantel and Haenszel, the limits those that Zou, Huang and Zhang (2009) take together from
    the limits of each share.
    """
    parts: list[tuple[float, float, float, float, float]] = []
    for rate in sorted({each.rate for each in drawn}):
        treated, holdout = (
            [float(each.came) for each in drawn if each.rate == rate and each.is_treated is arm]
            for arm in (True, False)
        )
        if not treated or not holdout:
            continue
        (p1, l1, u1), (p2, l2, u2) = _wilson(treated), _wilson(holdout)
        pooled = mean([*treated, *holdout])
        variance_without_effect = pooled * (1 - pooled) * (1 / len(treated) + 1 / len(holdout))
        weight = 1 / (1 / len(treated) + 1 / len(holdout))
        parts.append(
            (weight, p1 - p2, (p1 - l1) ** 2 + (u2 - p2) ** 2, (u1 - p1) ** 2 + (p2 - l2) ** 2, variance_without_effect)
        )
    if not parts:
        return None
    whole = sum(part[0] for part in parts)
    shares = [part[0] / whole for part in parts]
    value = sum(share * part[1] for share, part in zip(shares, parts, strict=True))
    below, above, chance = (
        sqrt(sum(share**2 * part[place] for share, part in zip(shares, parts, strict=True))) for place in (2, 3, 4)
    )
    return Effect(value, value - below, value + above, 2.8016 * chance or None)


def _wilson(hits: Sequence[float]) -> tuple[float, float, float]:
    limits = binomtest(int(sum(hits)), len(hits)).proportion_ci(0.95, method="wilson")
    return mean(hits), float(limits.low), float(limits.high)
