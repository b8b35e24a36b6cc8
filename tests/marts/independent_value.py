"""Value, loyalty, potential, tiers and published ABC classes, computed a second time from the words.

Nothing here looks at the SQL. Ranks are counted pair by pair, quartiles read off a list with its zeros written out.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Measures = dict[str, float | None]

POLICY = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "policy"


@dataclass(frozen=True, slots=True)
class Company:
    """Raw records by entity, each version with known (its date) and until (the first day it no longer counts)."""

    accounts: list[Row]
    records: Mapping[str, list[Row]]
    recurring: Callable[[str, date], float | None]  # MRR of an account on a day; None without a contract
    first_contract: Mapping[str, date] = field(default_factory=dict)

    def known(self, entity: str, day: date) -> list[Row]:
        """Return the versions in force at the end of `day`."""
        rows = self.records.get(entity, [])
        return [row for row in rows if row["known"] <= day and (row["until"] is None or row["until"] > day)]

    def has(self, entity: str, day: date, *, column: str | None = None) -> bool:
        """Whether any version was known by the end of `day`, with something in the column."""
        rows = self.records.get(entity, [])
        return any(row["known"] <= day and (column is None or row[column] is not None) for row in rows)


def measures(company: Company, day: date) -> dict[str, Measures]:
    """Return every measure of each account that is not our own."""
    outside = [row for row in company.accounts if not row.get("is_internal")]
    by_account = {row["account_id"]: _trade(company, row["account_id"], day) for row in outside}
    before = [each for each in by_account.values() if each["earlier_days"]]
    for account, each in by_account.items():
        retention = sum(bool(other["window_days"]) for other in before) / len(before) if before else None
        buys = each.pop("first") is not None
        window = max(0.0, each.pop("window_amount") or 0.0)
        each["clv"] = window / 180 * 365 / 12 * 12 * retention if buys and retention is not None else None
        each.update(_service(company, account, day, order_days=int(each["order_days_365d_count"] or 0)))
    _potential(company, outside, by_account, day)
    return by_account


def _trade(company: Company, account: str, day: date) -> Measures | Any:
    lines = [row for row in company.known("order_lines", day) if row["account_id"] == account and row["date"] <= day]
    by_day: dict[date, float] = defaultdict(float)
    for line in lines:
        by_day[line["date"]] += float(line["net"])
    order_days = sorted(each for each, amount in by_day.items() if amount > 0)
    ages = [(day - each).days for each in order_days]
    within = [age for age in ages if age < 365]
    revenue = sum(amount for each, amount in by_day.items() if (day - each).days < 365)
    prior = sum(amount for each, amount in by_day.items() if 365 <= (day - each).days < 730)
    firsts = [each for each in (order_days[0] if order_days else None, company.first_contract.get(account)) if each]
    tenure = (day - min(firsts)).days if firsts else None
    months = math.floor(ages[0] * 12 / 365) if ages else None
    year = [line for line in lines if (day - line["date"]).days < 365]
    traded = sum(abs(float(line["net"])) for line in year)
    costed = [line for line in year if line["cost"] is not None]
    covered = sum(abs(float(line["net"])) for line in costed) / traded if traded else None
    margin = sum(float(line["net"] - line["cost"]) for line in costed)
    return {
        "net_revenue_365d_amount": revenue,
        "margin_365d_amount": 0.0 if covered is None else margin if covered >= 0.8 else None,
        "order_days_365d_count": len(within),
        "growth_rate": revenue / prior - 1 if prior > 0 and ages and ages[0] >= 730 else None,
        "repeat_rate": (len(within) - 1) / len(within) if within else None,
        "tenure_days": tenure if tenure is not None and tenure >= 0 else None,
        "months_with_order_rate": len({age * 12 // 365 for age in within}) / min(12, months + 1)
        if months is not None and months >= 3
        else None,
        "first": order_days[0] if order_days else None,
        "window_amount": sum(amount for each, amount in by_day.items() if (day - each).days < 180),
        "window_days": sum(age < 180 for age in ages),
        "earlier_days": sum(180 <= age < 360 for age in ages),
    }


def _service(company: Company, account: str, day: date, *, order_days: int) -> Measures:
    def own(entity: str) -> list[Row]:
        return [row for row in company.known(entity, day) if row["account_id"] == account]

    def lately(when: date) -> bool:
        return 0 <= (day - when).days < 365

    late = due = 0.0
    for invoice in own("invoices"):
        paid = [row for row in company.known("payments", day) if row["invoice_id"] == invoice["invoice_id"]]
        paid = [row for row in paid if row["date"] <= day]
        is_paid = sum(row["amount"] for row in paid) >= invoice["amount"]
        is_late = max(row["date"] for row in paid) > invoice["due"] if is_paid else invoice["due"] < day
        if invoice["date"] <= day and lately(invoice["due"]) and (is_paid or is_late):
            due += float(invoice["amount"])
            late += float(invoice["amount"]) * is_late
    answers = [row for row in own("survey_responses") if lately(row["date"]) and row["category"] is not None]
    nps = [row["category"] for row in answers if row["kind"] == "nps"]
    csat = [(row["score"] - 1) / (row["best"] - 1) for row in answers if row["kind"] == "csat"]
    complaints = sum(row["kind"] == "complaint" and lately(row["date"]) for row in own("tickets"))
    heard = [row for row in own("interactions") if lately(row["date"])]
    spoken = [row["two_way"] for row in heard if row["two_way"] is not None]
    kept = [row["kept"] for row in heard if row["kept"] is not None]
    reply = sum(spoken) / len(spoken) if spoken else None
    deals = [row for row in own("opportunities") if row["is_open"] and row["kind"] != "renewal"]
    return {
        "mrr_amount": company.recurring(account, day) if company.has("contracts", day) else None,
        "paid_late_rate": late / due if due and company.has("payments", day) else None,
        "nps_rate": (nps.count("promoter") - nps.count("detractor")) / len(nps) if nps else None,
        "csat_rate": sum(csat) / len(csat) if csat else None,
        "referrals_count": sum(row["date"] <= day for row in own("referrals"))
        if company.has("referrals", day)
        else None,
        "complaints_per_order_day": complaints / order_days
        if order_days and company.has("tickets", day, column="kind")
        else None,
        "weighted_pipeline_amount": sum(float(row["amount"] * row["probability"]) for row in deals)
        if company.has("opportunities", day)
        else None,
        "willingness_rate": (reply + (sum(kept) / len(kept) if kept else reply)) / 2
        if reply is not None and len(spoken) >= 3
        else None,
    }


def percentile(values: Iterable[float], rate: float) -> float:
    """Return the value below which the share lies, in proportion between two."""
    ordered = sorted(values)
    place = rate * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _potential(company: Company, outside: list[Row], found: dict[str, Measures], day: date) -> None:
    spends: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in company.known("order_lines", day):
        if 0 <= (day - line["date"]).days < 365:
            spends[line["account_id"]][line["category"]] += float(line["net"])
    for row in outside:
        own = found[row["account_id"]]
        own |= {"wallet": None, "wallet_gap_amount": None, "white_space_amount": None}
        buyers = _wallet_peers(outside, row, found)
        if not buyers:
            continue
        wallet = percentile((found[each]["net_revenue_365d_amount"] or 0 for each in buyers), 0.9)
        own["wallet"] = wallet
        own["wallet_gap_amount"] = max(0.0, wallet - max(0.0, own["net_revenue_365d_amount"] or 0))
        categories = {name for each in buyers for name, amount in spends[each].items() if name and amount > 0}
        gaps = []
        for name in categories:
            quartile = percentile((max(0.0, spends[each].get(name, 0.0)) for each in buyers), 0.75)
            gaps.append(max(0.0, quartile - max(0.0, spends[row["account_id"]].get(name, 0.0))))
        own["white_space_amount"] = sum(gaps) if categories else None


def _wallet_peers(outside: list[Row], row: Row, found: Mapping[str, Measures]) -> list[str]:
    """Return the buyers of the nearest group that has at least ten of them."""
    for names in (("industry", "size_band"), ("size_band",), ("industry",)):
        if all(row[name] is not None for name in names):
            peers = [each["account_id"] for each in outside if all(each[name] == row[name] for name in names)]
            buyers = [each for each in peers if (found[each]["net_revenue_365d_amount"] or 0) > 0]
            if len(buyers) >= 10:
                return buyers
    return []


@dataclass(frozen=True, slots=True)
class Standing:
    """What fct_key_accounts says of one account."""

    tier: str
    rates: Mapping[str, float | None]
    score: float | None
    coverage: float | None


def _policy(name: str) -> list[dict[str, str]]:
    with (POLICY / f"policy_key_account_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def place_among(value: float, peers: Sequence[float], *, is_high_good: bool) -> float:
    """Return the mid-rank place of a value among its peers, itself one of them: from 0 to 1, 1 the best."""
    worse = sum(other < value if is_high_good else other > value for other in peers)
    return (worse + sum(other == value for other in peers) / 2) / len(peers)


def key_accounts(company: Company, found: Mapping[str, Measures]) -> dict[str, Standing]:
    """Return the standing of every account, by the weights and tiers of the policy."""
    industry = {row["account_id"]: row["industry"] for row in company.accounts}
    ranked = [account for account in found if found[account]["tenure_days"] is not None]
    sizes = Counter(industry[account] for account in ranked)
    place: dict[tuple[str, str], float] = {}
    components = _policy("components")
    for each in components:
        code, high = each["component_code"], each["is_high_good"] == "true"
        known = {own: round(value, 6) for own in ranked if (value := found[own][code]) is not None}
        for own, value in known.items():
            name = industry[own]
            is_enough = name is not None and sizes[name] >= 10
            peers = [other for each, other in known.items() if not is_enough or industry[each] == name]
            place[own, code] = place_among(value, peers, is_high_good=high)
    standings = {account: Standing("N", {}, None, None) for account in found}
    for account in ranked:
        standings[account] = _standing(account, components, place)
    return standings


def _standing(account: str, components: list[dict[str, str]], place: Mapping[tuple[str, str], float]) -> Standing:
    rates: dict[str, float | None] = {}
    score = known_weight = coverage = 0.0
    for dimension in _policy("dimensions"):
        name, weight = dimension["dimension_code"], float(dimension["weight"])
        own = [each for each in components if each["dimension_code"] == name]
        known = [(float(each["weight"]), place.get((account, each["component_code"]))) for each in own]
        weights = sum(each for each, at in known if at is not None)
        rates[name] = sum(each * at for each, at in known if at is not None) / weights if weights else None
        coverage += weight * weights / sum(each for each, _ in known)
        if weights:
            score += weight * (rates[name] or 0)
            known_weight += weight
    score = round(score / known_weight, 6)
    limits = [(float(tier["score_from"]), tier["tier_code"]) for tier in _policy("tiers") if tier["score_from"]]
    is_rated = rates["value"] is not None and round(coverage, 6) >= 0.5
    tier = max(limit for limit in limits if score >= limit[0])[1] if is_rated else "N"
    return Standing(tier, rates, score, coverage)


def published_classes(shares: Sequence[tuple[date, str, Decimal | None]], *, as_of: date) -> tuple[str, date]:
    """Return the class that counts and since when, from an account's raw classes and shares before, oldest first."""
    a, b = Decimal("0.80"), Decimal("0.95")
    limit = {"AB": a, "AC": b, "BC": b, "BA": a, "CB": b, "CA": a}
    day, published, _ = shares[0]
    since, last = day, published
    for day, raw, share in shares[1:]:
        is_month_end = day != as_of or (day + timedelta(days=1)).day == 1
        if raw == last:
            follows = is_month_end
        elif "N" in (raw, last):
            follows = True
        else:
            follows = abs((Decimal(1) if share is None else share) - limit[last + raw]) > Decimal("0.05")
        if follows and raw != published:
            published, since = raw, day
        last = raw
    return published, since
