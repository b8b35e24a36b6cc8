"""The definitions of value, rhythm, stage and churn, computed a second time: in plain Python, from the words.

Nothing here looks at the SQL. Money is Decimal and ranks are whole numbers, so that both ways must agree exactly.
A frame of lines has the columns account_id, product_id, order_date, known_date, superseded_date (datetime64, NaT while
in force), net_amount (Decimal) and is_return; it holds versions of revenue lines of accounts that are not our own, a
cancelled order's versions left out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median, stdev

import pandas as pd


def lines_known_on(lines: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the versions in force at the end of `day`, of orders not dated after it."""
    now = pd.Timestamp(day)
    in_force = lines["superseded_date"].isna() | (lines["superseded_date"] > now)
    return lines[(lines["known_date"] <= now) & in_force & (lines["order_date"] <= now)]


def order_days(known: pd.DataFrame) -> dict[str, dict[date, Decimal]]:
    """Return each account's order days with their revenue: days whose lines sum to more than zero."""
    sums = known.groupby(["account_id", "order_date"])["net_amount"].sum()
    days: dict[str, dict[date, Decimal]] = {}
    for account, day, amount in sums.reset_index().itertuples(index=False):
        if amount > 0:
            days.setdefault(account, {})[day.date()] = amount
    return days


def revenue_between(known: pd.DataFrame, *, after: date, until: date) -> dict[str, Decimal]:
    """Return net revenue by account of the order dates in (after, until]; accounts without a line have none."""
    inside = known[(known["order_date"] > pd.Timestamp(after)) & (known["order_date"] <= pd.Timestamp(until))]
    return dict(inside.groupby("account_id")["net_amount"].sum())


def scores(values: Mapping[str, Decimal | int]) -> dict[str, int]:
    """Return 1 to 5 by mid-rank: 5 for the highest. Equal values get equal scores."""
    ordered = sorted(values.values())
    count = len(ordered)
    by_account = {}
    for account, value in values.items():
        below = bisect_left(ordered, value)
        ties = bisect_right(ordered, value) - below
        by_account[account] = min(5, 1 + (5 * (2 * below + ties)) // (2 * count))
    return by_account


def rfm(lines: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return one row per account with an order day: its three measures and three scores, by account_id."""
    known = lines_known_on(lines, as_of)
    days = order_days(known)
    year_ago = as_of - timedelta(days=365)
    revenue = revenue_between(known, after=year_ago, until=as_of)
    recency = {account: (as_of - max(dates)).days for account, dates in days.items()}
    frequency = {account: sum(day > year_ago for day in dates) for account, dates in days.items()}
    money = {account: Decimal(revenue.get(account, 0)) for account in days}
    columns = {
        "recency_days": recency,
        "frequency_365d_count": frequency,
        "net_revenue_365d_amount": money,
        "recency_score": scores({account: -value for account, value in recency.items()}),
        "frequency_score": scores(frequency),
        "monetary_score": scores(money),
    }
    return pd.DataFrame(columns).rename_axis("account_id").sort_index()


def abc(lines: pd.DataFrame, *, accounts: Iterable[str], as_of: date) -> pd.DataFrame:
    """Return abc_class and share_before of every account given, by account_id."""
    known = lines_known_on(lines, as_of)
    revenue = revenue_between(known, after=as_of - timedelta(days=365), until=as_of)
    positive = sorted((value for value in revenue.values() if value > 0), reverse=True)
    total = sum(positive, Decimal(0))
    above: dict[Decimal, Decimal] = {}
    running = Decimal(0)
    for value in positive:
        above.setdefault(value, running)
        running += value
    rows: dict[str, tuple[str, Decimal | None]] = {}
    for account in accounts:
        own = revenue.get(account)
        if own is None:
            rows[account] = ("N", None)
        elif own <= 0:
            rows[account] = ("C", None)
        else:
            share = above[own] / total
            rows[account] = ("A" if share < Decimal("0.80") else "B" if share < Decimal("0.95") else "C", share)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["abc_class", "share_before"]).sort_index()


def gaps(dates: Iterable[date]) -> list[int]:
    """Return the days between consecutive dates."""
    ordered = sorted(dates)
    return [(later - earlier).days for earlier, later in pairwise(ordered)]


def usual_gap_of_all(days: Mapping[str, Iterable[date]], *, default: float = 90) -> float:
    """Return the median of all accounts' gaps, or `default` while nobody has ordered twice."""
    every = [gap for dates in days.values() for gap in gaps(dates)]
    return median(every) if every else default


def typical_gap(own: Sequence[int], *, of_all: float, weight: float = 3) -> float:
    """Return the median of the own gaps drawn towards `of_all`, as if that had been seen `weight` times more."""
    return (len(own) * median(own) + weight * of_all) / (len(own) + weight) if own else of_all


def gap_spread(own: Sequence[int]) -> float | None:
    """Return the sample standard deviation of the gaps over their mean; None with fewer than two."""
    return stdev(own) / (sum(own) / len(own)) if len(own) > 1 else None


def products_bought(known: pd.DataFrame, *, after: date, until: date) -> dict[str, int]:
    """Return how many different products each account bought on order dates in (after, until]."""
    bought = known[(known["order_date"] > pd.Timestamp(after)) & (known["order_date"] <= pd.Timestamp(until))]
    bought = bought[(bought["net_amount"] > 0) & bought["product_id"].notna()]
    return dict(bought.groupby("account_id")["product_id"].nunique())


def is_churned(dates: Iterable[date], *, snapshot: date, lead: int = 0, horizon: int = 90) -> bool:
    """Return whether no date falls in (snapshot + lead, snapshot + lead + horizon]."""
    opens = snapshot + timedelta(days=lead)
    return not any(opens < day <= opens + timedelta(days=horizon) for day in dates)


@dataclass(frozen=True, slots=True)
class StagePolicy:
    """The numbers of policy_parameters that decide a stage."""

    declining_ratio: float = 1.5
    declining_days: int = 14
    declining_spend: Decimal = Decimal("0.30")
    dormant_ratio: float = 2.5
    dormant_days: int = 30
    growing_spend: Decimal = Decimal("0.20")
    spend_gap_days: int = 90
    loyal_days: int = 8
    churn_gaps: float = 4
    churn_least: int = 60
    churn_most: int = 540
    won_back_days: int = 90


def churn_limit(gap: float, policy: StagePolicy) -> float:
    """Return the longest silence, in days, that is not yet churn."""
    return min(policy.churn_most, max(policy.churn_least, policy.churn_gaps * gap))


def stage(
    dates: Iterable[date],
    *,
    day: date,
    of_all: float,
    half_year: Decimal,
    half_year_before: Decimal,
    policy: StagePolicy,
) -> str:
    """Return the lifecycle stage on `day` of an account with these order days and half-years of revenue."""
    ordered = sorted(dates)
    if not ordered:
        return "prospect"
    usual = typical_gap(gaps(ordered), of_all=of_all)
    silent = (day - ordered[-1]).days
    once = len(ordered) == 1
    comparable = usual <= policy.spend_gap_days
    fallen = comparable and half_year_before > 0 and half_year <= half_year_before * (1 - policy.declining_spend)
    risen = comparable and half_year > 0 and half_year >= half_year_before * (1 + policy.growing_spend)
    overdue = silent >= policy.declining_days and silent / usual >= policy.declining_ratio
    by_precedence = {
        "churned": silent > churn_limit(usual, policy),
        "dormant": silent >= policy.dormant_days and silent / usual >= policy.dormant_ratio,
        "won_back": _came_back(ordered, day=day, of_all=of_all, policy=policy),
        "declining": overdue or fallen or (once and silent > usual),
        "first": once,
        "loyal": sum((day - each).days < 730 for each in ordered) >= policy.loyal_days,
        "growing": risen,
        "mature": True,
    }
    return next(name for name, holds in by_precedence.items() if holds)


def _came_back(ordered: Sequence[date], *, day: date, of_all: float, policy: StagePolicy) -> bool:
    for place in range(1, len(ordered)):
        if (day - ordered[place]).days >= policy.won_back_days:
            continue
        before = typical_gap(gaps(ordered[:place]), of_all=of_all)
        if (ordered[place] - ordered[place - 1]).days > churn_limit(before, policy):
            return True
    return False
