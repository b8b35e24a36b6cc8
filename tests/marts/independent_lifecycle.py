"""Stages, transitions, cohorts and segments, computed a second time: in plain Python, from the words.

Nothing here looks at the SQL. What an account is on a day comes from `tests.marts.independent`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median

import pandas as pd

from tests.marts import independent

POLICY = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "policy"
ALWAYS = ("entry", "exit", "none")


@dataclass(frozen=True, slots=True)
class State:
    """What an account is on a day; `behaviour` is its RFM segment, None before the first order day."""

    stage: str
    abc: str
    behaviour: str | None
    revenue: Decimal
    order_days: int
    industry: str | None
    size: str | None
    region: str | None
    mode: str

    def values(self) -> dict[str, str | None]:
        """Return what the rules of a segment ask for, by the name of the column."""
        return {
            "industry": self.industry, "size_band": self.size, "region": self.region, "contract_mode": self.mode,
            "stage_code": self.stage, "abc_class": self.abc, "rfm_segment_code": self.behaviour,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an account apart from its orders; `seen` is the day it was first heard of."""

    industry: str | None
    size: str | None
    region: str | None
    seen: date
    first_contract: date | None


def month_ends(*, first: date, last: date, count: int = 36) -> list[date]:
    """Return up to `count` month ends before `last` that are not before `first`, and `last` itself."""
    ends = [last]
    day = last.replace(day=1) - timedelta(days=1)
    while len(ends) <= count and day >= first:
        ends.insert(0, day)
        day = day.replace(day=1) - timedelta(days=1)
    return ends


def policy_rows(name: str) -> list[dict[str, str]]:
    """Return the lines of a policy."""
    with (POLICY / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def peer_gaps(days: Mapping[str, Iterable[date]], accounts: Mapping[str, Profile], *, least: int) -> dict[str, float]:
    """Return the gap usual among each account's peers: its industry and size, all when that group is too quiet."""
    of_all = independent.usual_gap_of_all(days)
    by_group: dict[tuple[str | None, str | None], list[int]] = {}
    for account, dates in days.items():
        group = (accounts[account].industry, accounts[account].size)
        by_group.setdefault(group, []).extend(independent.gaps(dates))
    usual = {group: median(own) for group, own in by_group.items() if len(own) >= least and group != (None, None)}
    return {account: usual.get((accounts[account].industry, accounts[account].size), of_all) for account in days}


def states(
    lines: pd.DataFrame, accounts: Mapping[str, Profile], *, day: date, latest: date, least_gaps: int = 30
) -> dict[str, State]:
    """Return what every account is on `day`; how it buys is told by what is known on `latest`."""
    known = independent.lines_known_on(lines, day)
    days = independent.order_days(known)
    firsts = {
        name: min(dates) for name, dates in independent.order_days(independent.lines_known_on(lines, latest)).items()
    }
    present = [name for name, profile in accounts.items() if name in days or profile.seen <= day]
    revenue = independent.revenue_between(known, after=day - timedelta(days=365), until=day)
    half = independent.revenue_between(known, after=day - timedelta(days=180), until=day)
    before = independent.revenue_between(known, after=day - timedelta(days=360), until=day - timedelta(days=180))
    peers = peer_gaps(days, accounts, least=least_gaps)
    classes = independent.abc(lines, accounts=present, as_of=day)["abc_class"].to_dict()
    scores = independent.rfm(lines, as_of=day)
    cells = {
        (int(row["recency_score"]), int(row["frequency_score"]), int(row["monetary_score"])): row["segment_code"]
        for row in policy_rows("policy_rfm_segments")
    }
    triples = scores[["recency_score", "frequency_score", "monetary_score"]].astype(int).to_dict("index")
    behaviour = {
        str(name): cells[each["recency_score"], each["frequency_score"], each["monetary_score"]]
        for name, each in triples.items()
    }
    return {
        name: State(
            stage=independent.stage(
                days.get(name, ()), day=day, of_all=peers.get(name, 0), policy=independent.StagePolicy(),
                half_year=Decimal(half.get(name, 0)), half_year_before=Decimal(before.get(name, 0)),
            ),
            abc=classes[name],
            behaviour=behaviour.get(name),
            revenue=Decimal(revenue.get(name, 0)),
            order_days=sum(each > day - timedelta(days=365) for each in days.get(name, ())),
            industry=accounts[name].industry,
            size=accounts[name].size,
            region=accounts[name].region,
            mode=_mode(accounts[name].first_contract, firsts.get(name), day),
        )
        for name in present
    }  # fmt: skip


def _mode(contract: date | None, order: date | None, day: date) -> str:
    signed, ordered = (each is not None and each <= day for each in (contract, order))
    return {(True, True): "mixed", (True, False): "contractual", (False, True): "non_contractual"}.get(
        (signed, ordered), "none"
    )


Way = tuple[date, str, str, str]


def transitions(by_day: Mapping[date, Mapping[str, State]]) -> dict[Way, tuple[int, Decimal, Decimal]]:
    """Return, by month, dimension and both states: accounts, their revenue before, their revenue after."""
    found: dict[Way, tuple[int, Decimal, Decimal]] = {}
    for earlier, later in pairwise(sorted(by_day)):
        for name in by_day[earlier].keys() | by_day[later].keys():
            old, new = by_day[earlier].get(name), by_day[later].get(name)
            for dimension, attribute in (("stage", "stage"), ("rfm", "behaviour"), ("abc", "abc")):
                start = "entry" if old is None else getattr(old, attribute) or "none"
                end = "exit" if new is None else getattr(new, attribute) or "none"
                way = (later.replace(day=1), dimension, start, end)
                count, out, into = found.get(way, (0, Decimal(0), Decimal(0)))
                found[way] = (count + 1, out + (old.revenue if old else 0), into + (new.revenue if new else 0))
    return found


def segments_of(state: State, rules: Sequence[Mapping[str, str]]) -> set[str]:
    """Return the segments of the policy whose every rule lets the account in, and its cell."""
    found = {
        "|".join(
            (
                "base",
                *(each or "unknown" for each in (state.industry, state.size, state.region)),
                state.behaviour or "none",
            )
        )
    }
    for rule in rules:
        allowed = all(not rule[name] or value in rule[name].split("|") for name, value in state.values().items())
        for name, value in (("revenue_365d", state.revenue), ("order_days_365d", Decimal(state.order_days))):
            least, below = rule[f"{name}_minimum"], rule[f"{name}_maximum"]
            allowed = allowed and (not least or value >= Decimal(least)) and (not below or value < Decimal(below))
        if allowed:
            found.add(rule["segment_code"])
    return found


def stays(members: Mapping[date, Iterable[tuple[str, str]]]) -> set[tuple[str, str, date, date]]:
    """Return account, segment, first and last day of every run of days on which the account is a member."""
    found: set[tuple[str, str, date, date]] = set()
    running: dict[tuple[str, str], tuple[date, date]] = {}
    for day in sorted(members):
        now = {pair: (running[pair][0] if pair in running else day, day) for pair in members[day]}
        found |= {(*pair, *span) for pair, span in running.items() if pair not in now}
        running = now
    return found | {(*pair, *span) for pair, span in running.items()}


def cohorts(lines: pd.DataFrame, *, as_of: date) -> dict[tuple[date, date], tuple[int, int, Decimal, Decimal]]:
    """Return, by cohort and month: accounts, those that ordered, revenue, and what is kept of the first month's."""
    known = independent.lines_known_on(lines, as_of)
    days = independent.order_days(known)
    revenue: Counter[tuple[str, date]] = Counter()
    for account, ordered, amount in known[["account_id", "order_date", "net_amount"]].itertuples(index=False):
        revenue[account, ordered.date().replace(day=1)] += amount
    found: dict[tuple[date, date], tuple[int, int, Decimal, Decimal]] = {}
    for account, own in days.items():
        first = month = min(own).replace(day=1)
        active = {day.replace(day=1) for day in own}
        while month <= as_of:
            amount, start = Decimal(revenue[account, month]), Decimal(revenue[account, first])
            count, ordered, total, kept = found.get((first, month), (0, 0, Decimal(0), Decimal(0)))
            kept += max(Decimal(0), min(amount, start))
            found[first, month] = (count + 1, ordered + (month in active), total + amount, kept)
            month = (month + timedelta(days=32)).replace(day=1)
    return found
