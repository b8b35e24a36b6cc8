"""Campaigns by chance with an effect that is planted, and what the marts of the programme must say of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from tests.marts import independent, independent_programme
from tests.marts.independent_lifecycle import State, cohorts, policy_rows
from tests.marts.independent_programme import Chosen, Month
from tests.marts.independent_service import Agreement

Row = dict[str, Any]
Rows = Callable[[str], list[Row]]

MARTS = ("fct_kpi_months", "fct_programme_effects", "dim_metric_definitions")
KEYS = {"campaigns": "campaign_id", "campaign_members": "campaign_member_id", "opportunities": "opportunity_id"}
PLANTED = {"strong": (0.7, 0.1), "idle": (0.25, 0.25), "alone": (0.3, 0.3)}
"""Of each kind, how likely the treated and those left out open an opportunity. In `alone` nobody is left out."""


def campaigns(dice: random.Random, names: Sequence[str], *, as_of: date) -> dict[str, list[Row]]:
    """Return campaigns, members and opportunities: each account is in one campaign at a time, of a kind by lot.

    One opportunity in four is opened on a day that is the first or the last of those that count, or just beyond.
    """
    found: dict[str, list[Row]] = {entity: [] for entity in KEYS}
    start = date(2023, 2, 1)
    while start <= as_of:
        for kind in PLANTED:
            found["campaigns"].append(
                {"campaign_id": f"{kind}-{start}", "kind": kind, "campaign_name": f"{kind} {start}"}
            )
        for name in names:
            kind = dice.choice(["strong", "strong", "idle", "idle", "alone"])
            joined = start + timedelta(days=dice.randint(0, 5))
            is_treated = kind == "alone" or dice.random() < 0.6
            member = f"{name}-{start}"
            found["campaign_members"].append({
                "campaign_member_id": member, "campaign_id": f"{kind}-{start}", "account_id": name,
                "arm": dice.choice(["treated", None]) if is_treated else "holdout", "joined_at": _noon(joined),
            })  # fmt: skip
            if dice.random() < PLANTED[kind][0 if is_treated else 1]:
                days = dice.choice([dice.randint(1, 60)] * 3 + [dice.choice([0, 1, 60, 61])])
                opened = joined + timedelta(days=days)
                if opened <= as_of:
                    found["opportunities"].append(
                        {"opportunity_id": member, "account_id": name, "opened_at": _noon(opened)}
                    )
        start += timedelta(days=66)
    return found


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)  # the same day in Shanghai


def check(
    rows: Rows,
    lines: pd.DataFrame,
    by_day: Mapping[date, Mapping[str, State]],
    regions: Mapping[str, str | None],
    agreements: Mapping[str, Sequence[Agreement]],
    monthly: Mapping[str, Mapping[date, Decimal]],
    records: Mapping[str, list[Row]],
    *,
    as_of: date,
) -> None:
    """Find the marts as the independent computation has them."""
    known = independent.lines_known_on(lines, as_of)
    _check_effects(rows, known, records, as_of)
    _check_figures(rows, lines, by_day, regions, agreements, monthly, as_of)


def _check_effects(rows: Rows, known: pd.DataFrame, records: Mapping[str, list[Row]], as_of: date) -> None:
    chosen, still_open = _by_programme(known, records, as_of)
    found = {(row["scope"], row["programme_code"], row["outcome_code"]): row for row in rows("fct_programme_effects")}
    assert found.keys() == {(*key, outcome) for key in chosen for outcome in ("opportunity", "order", "revenue")}
    for (scope, code, outcome), row in found.items():
        own = chosen[scope, code]
        treated = [each for each in own if each.is_treated]
        assert (row["treated_count"], row["holdout_count"]) == (len(treated), len(own) - len(treated))
        assert row["open_count"] == still_open[scope, code]
        for when in ("before", "after") if treated else ():
            each = sum(one.outcome(outcome, after=when == "after") for one in treated) / len(treated)
            assert float(row[f"treated_{when}_value"]) == pytest.approx(each, abs=1e-4)
        arms = min(len(treated), len(own) - len(treated))
        if arms == 0:
            assert row["effect_value"] is None
            assert row["effect_unknown_reason"] == ("no_holdout" if own else "not_over_yet")
        elif arms > 1:
            _check_effect(row, own, outcome)
    _finds_what_was_planted(found)


Keyed = dict[tuple[str, str], list[Chosen]]


def _by_programme(
    known: pd.DataFrame, records: Mapping[str, list[Row]], as_of: date
) -> tuple[Keyed, dict[tuple[str, str], int]]:
    """Return the accounts whose days are over, and how many there are whose days last, by campaign and by kind."""
    opened: dict[str, list[date]] = defaultdict(list)
    bought: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for row in records["opportunities"]:
        opened[row["account_id"]].append(row["opened_at"].date())
    days = known.groupby(["account_id", "order_date"], as_index=False)["net_amount"].sum()
    for name, day, amount in days.itertuples(index=False):
        bought[name][day.date()] = amount
    chosen: Keyed = defaultdict(list)
    still_open: dict[tuple[str, str], int] = defaultdict(int)
    for row in records["campaign_members"]:
        name, joined = row["account_id"], row["joined_at"].date()
        one = Chosen(joined, row["arm"] != "holdout", opened[name], bought[name])
        for key in (("campaign", f"crm|{row['campaign_id']}"), ("kind", row["campaign_id"].split("-")[0])):
            if joined <= as_of:
                is_over = joined + timedelta(days=60) <= as_of
                chosen[key] += [one] if is_over else []
                still_open[key] += not is_over
    return chosen, still_open


def _check_effect(row: Row, own: Sequence[Chosen], outcome: str) -> None:
    expected = independent_programme.effect(own, outcome)
    assert expected is not None
    told = [row[f"{name}_value"] for name in ("effect", "effect_low", "effect_high", "detectable")]
    value = [expected.value, expected.low, expected.high, expected.detectable]
    assert [None if one is None else float(one) for one in told] == [
        None if one is None else pytest.approx(one, rel=1e-4, abs=1e-3) for one in value
    ]
    assert float(row["total_effect_value"]) == pytest.approx(expected.value * row["treated_count"], rel=1e-4, abs=0.01)


def _finds_what_was_planted(found: Mapping[tuple[str, str, str], Row]) -> None:
    """A quarter of the planted openings fall on a border, half of these outside; so seven eighths of them count."""
    for kind, (treated, holdout) in PLANTED.items():
        row = found["kind", kind, "opportunity"]
        if kind == "alone":
            assert row["effect_unknown_reason"] == "no_holdout"
            continue
        true = (treated - holdout) * 0.875
        assert row["effect_low_value"] < true < row["effect_high_value"]
        assert row["is_beyond_chance"] is (kind == "strong")
        assert row["treated_count"] > 100
    for outcome in ("order", "revenue"):
        assert found["kind", "idle", outcome]["is_beyond_chance"] is False


def _check_figures(
    rows: Rows,
    lines: pd.DataFrame,
    by_day: Mapping[date, Mapping[str, State]],
    regions: Mapping[str, str | None],
    agreements: Mapping[str, Sequence[Agreement]],
    monthly: Mapping[str, Mapping[date, Decimal]],
    as_of: date,
) -> None:
    told = {
        (row["metric_code"], row["dimension_value"], row["month_date"]): row
        for row in rows("fct_kpi_months")
    }  # fmt: skip
    days = sorted(by_day)
    metrics = {row["metric_code"]: row for row in policy_rows("policy_metrics")}
    groups = {"all": set(regions)} | {
        value or "unknown": {name for name, own in regions.items() if own == value} for value in set(regions.values())
    }
    assert told.keys() == {
        (metric, group, day.replace(day=1))
        for metric, row in metrics.items()
        for group in groups
        for day in days
        if group == "all" or row["is_by_region"] == "true"
    }
    renewed = independent_programme.renewals(agreements, gap=30, until=as_of)
    first_order = independent.lines_known_on(lines, as_of)["order_date"].min().date()
    seen = defaultdict(set)
    for place, day in enumerate(days):
        month = day.replace(day=1)

        def paying(name: str, months: int, place: int = place) -> Decimal:
            if place < months:
                return Decimal(0)
            return monthly.get(name, {}).get(days[place - months].replace(day=1), Decimal(0))

        then = Month(
            now=by_day[day],
            before=by_day[days[place - 1]] if place else None,
            year_before=by_day[days[place - 12]] if place >= 12 else None,
            paying=paying,
            has_two_years_of_orders=first_order + timedelta(days=729) <= day,
        )
        heard_of = {name for each in (then.now, then.before, then.year_before) for name in each or ()} | {
            name for name, own in monthly.items() if min(own) <= month
        }
        for group, names in groups.items():
            if not names & heard_of:
                assert told["customers", group, month]["unknown_reason"] == "nothing_to_count"
                continue
            for metric, value in independent_programme.figures(then, names, renewed.get(month, {})).items():
                row = told[metric, group, month]
                found = row["metric_value"]
                assert (found is None) == (value is None), (metric, group, month)
                assert (row["unknown_reason"] is None) == (value is not None), (metric, group, month)
                if value is not None:
                    assert float(found) == pytest.approx(float(value), abs=2e-6), (metric, group, month)
                    seen[metric].add(found)
    few = {metric: values for metric, values in seen.items() if len(values) < 2}
    assert few == {}, "each metric takes several values"
    _check_the_rest(told, rows, lines, days, as_of)


def _check_the_rest(
    told: Mapping[tuple[str, str, date], Row], rows: Rows, lines: pd.DataFrame, days: Sequence[date], as_of: date
) -> None:
    """Cohorts, lifetime value, saved revenue, what no source tells, and what stood there the month before."""
    kept: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for (cohort, month), (accounts, active, _, _) in cohorts(lines, as_of=as_of).items():
        if 1 <= 12 * (month.year - cohort.year) + month.month - cohort.month <= 12:
            kept[month][0] += active
            kept[month][1] += accounts
    values = [row for row in rows("int_account_measures_joined") if row["clv_amount"] is not None]
    saved: dict[date, Decimal] = defaultdict(Decimal)
    for row in rows("fct_programme_effects"):
        if row["scope"] == "campaign" and row["outcome_code"] == "revenue" and row["total_effect_value"] is not None:
            saved[row["evaluated_date"].replace(day=1)] += row["total_effect_value"]
    assert len(saved) > 3
    for day in days:
        month = day.replace(day=1)
        row = told["cohort_retention", "all", month]
        if kept[month][1]:
            assert float(row["metric_value"]) == pytest.approx(kept[month][0] / kept[month][1], abs=1e-6)
        else:
            assert row["unknown_reason"] == "nothing_to_count"
        clv = [each["clv_amount"] for each in values if each["snapshot_date"] == day]
        row = told["clv", "all", month]
        assert (row["metric_value"] is None) == (not clv)
        if clv:
            assert float(row["metric_value"]) == pytest.approx(float(sum(clv) / len(clv)), abs=1e-3)
        assert told["saved_revenue", "all", month]["metric_value"] == saved.get(month)
        assert told["nps", "all", month]["unknown_reason"] == "no_source"
    for (metric, group, month), row in told.items():
        before = told.get((metric, group, (month - timedelta(days=1)).replace(day=1)))
        assert row["previous_value"] == (before["metric_value"] if before else None)
