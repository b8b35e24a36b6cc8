"""Orders by chance, and what the marts of life and segments must say of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binomtest

from tests.marts import independent, independent_lifecycle
from tests.marts.independent_lifecycle import Profile

Row = dict[str, Any]

MARTS = (
    "fct_account_lifecycle_months", "fct_account_lifecycle_spells", "fct_stage_transitions", "fct_cohort_months",
    "fct_account_segments", "fct_segment_months", "fct_segment_overlaps", "fct_segment_profiles",
    "dim_lifecycle_stages",
)  # fmt: skip
SEEN = date(2025, 6, 1)  # the day on which the accounts' records become known
BEGINNING = date(2023, 1, 10)


def accounts(dice: random.Random, names: list[str]) -> list[Row]:
    """Return records of accounts, an industry or a size of some of them unknown."""
    return [
        {
            "account_id": name,
            "industry": dice.choice(["steel", "food", None]),
            "size_band": dice.choice(["small", "large", None]),
            "region": ("north", "south", None)[place % 3],
        }
        for place, name in enumerate(names)
    ]


def orders(dice: random.Random, names: list[str], *, as_of: date) -> tuple[list[Row], list[Row], pd.DataFrame]:
    """Return orders, their lines, and the versions of these as `independent` wants them.

    Some come in late, some are lowered later or to nothing, some are returns; of one account in ten there is none.
    """
    headers: list[Row] = []
    lines: list[Row] = []
    versions: list[tuple[Any, ...]] = []
    for place, name in enumerate(names):
        rhythm = dice.choice([4, 12, 30, 75])
        day = BEGINNING + timedelta(days=dice.randint(0, 860))
        while place % 10 and day <= as_of:
            key = f"{name}-{day}"
            known = day + timedelta(days=dice.choice([0, 0, 0, 2, 40]))
            amount = Decimal(dice.randint(-30, 200)) * 10
            changed = known + timedelta(days=dice.randint(1, 90)) if dice.random() < 0.1 else None
            lowered = amount * dice.choice([0, 1]) / 2
            headers.append({"order_id": key, "account_id": name, "ordered_at": _noon(day), "known_at": _noon(known)})
            line: Row = {"order_line_id": key, "order_id": key, "product_id": "p", "quantity": 1 if amount > 0 else -1}
            lines.append(line | {"net_amount": amount, "known_at": _noon(known)})
            versions.append((name, day, known, changed, amount))
            if changed:
                lines.append(line | {"net_amount": lowered, "known_at": _noon(changed)})
                versions.append((name, day, changed, None, lowered))
            day += timedelta(days=max(1, round(dice.expovariate(1 / rhythm)) + dice.choice([0, 0, 0, 0, 0, 0, 0, 200])))
    columns = ["account_id", "order_date", "known_date", "superseded_date", "net_amount"]
    frame = pd.DataFrame(versions, columns=columns)
    for column in columns[1:4]:
        frame[column] = pd.to_datetime(frame[column])
    return headers, lines, frame


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)  # the same day in Shanghai


def check(
    rows: Callable[[str], list[Row]],
    lines: pd.DataFrame,
    records: list[Row],
    first_contracts: Mapping[str, date],
    *,
    as_of: date,
) -> States:
    """Find the marts as the independent computation has them; return what it says of each account and day."""
    profiles = {
        row["account_id"]: Profile(
            row["industry"], row["size_band"], row["region"], SEEN, first_contracts.get(row["account_id"])
        )
        for row in records
    }
    first = lines["known_date"].min().date()
    by_day = {
        day: independent_lifecycle.states(lines, profiles, day=day, latest=as_of)
        for day in independent_lifecycle.month_ends(first=first, last=as_of)
    }
    _check_stages(rows, by_day)
    _check_transitions(rows, by_day)
    _check_cohorts(rows, lines, as_of)
    _check_segments(rows, by_day, as_of)
    days = independent.order_days(independent.lines_known_on(lines, as_of))
    assert len(set(independent_lifecycle.peer_gaps(days, profiles, least=30).values())) > 2, "peers have their own gaps"
    return by_day


States = Mapping[date, Mapping[str, independent_lifecycle.State]]


def _check_stages(rows: Callable[[str], list[Row]], by_day: States) -> None:
    expected = {(name, day): state.stage for day, states in by_day.items() for name, state in states.items()}
    found = {(row["account_id"], row["snapshot_date"]): row["stage_code"] for row in rows(MARTS[0])}
    assert found == expected
    assert len(set(found.values())) == 9, "every stage occurs"
    covered = {name: min(day for each, day in expected if each == name) for name, _ in expected}
    for name, begins in covered.items():
        own = sorted((row for row in rows(MARTS[1]) if row["account_id"] == name), key=lambda row: row["from_date"])
        assert own[0]["from_date"] <= begins
        assert [row["is_current"] for row in own] == [False] * (len(own) - 1) + [True]
        for day in (each for account, each in expected if account == name):
            held = [row["stage_code"] for row in own if row["from_date"] <= day <= (row["to_date"] or day)]
            assert held == [expected[name, day]]


def _check_transitions(rows: Callable[[str], list[Row]], by_day: States) -> None:
    expected = independent_lifecycle.transitions(by_day)
    found = {
        (row["month_date"], row["dimension"], row["from_code"], row["to_code"]): row
        for row in rows("fct_stage_transitions")
    }
    assert found.keys() == expected.keys()
    assert any(way[2] == "entry" for way in found)
    for way, (count, before, after) in expected.items():
        row = found[way]
        out = sum(each[0] for other, each in expected.items() if other[:3] == way[:3])
        limits = binomtest(count, out).proportion_ci(0.95, method="wilson")
        assert (row["accounts_count"], row["from_accounts_count"]) == (count, out)
        assert (row["from_revenue_365d_amount"], row["to_revenue_365d_amount"]) == (before, after)
        assert row["transition_rate"] == pytest.approx(count / out)
        assert row["transition_rate_low"] == pytest.approx(limits.low, abs=1e-4)
        assert row["transition_rate_high"] == pytest.approx(limits.high, abs=1e-4)


def _check_cohorts(rows: Callable[[str], list[Row]], lines: pd.DataFrame, as_of: date) -> None:
    found = {
        (row["cohort_month_date"], row["month_date"]): (
            row["accounts_count"], row["active_accounts_count"], row["net_revenue_amount"], row["gross_retained_amount"]
        )
        for row in rows("fct_cohort_months")
    }  # fmt: skip
    assert found == independent_lifecycle.cohorts(lines, as_of=as_of)


def _check_segments(rows: Callable[[str], list[Row]], by_day: States, as_of: date) -> None:
    rules = independent_lifecycle.policy_rows("policy_segments")
    members = {
        day: {
            (name, code) for name, state in states.items() for code in independent_lifecycle.segments_of(state, rules)
        }
        for day, states in by_day.items()
    }
    found = {
        (row["account_id"], row["segment_code"], row["since_date"], row["last_date"])
        for row in rows("fct_account_segments")
    }
    assert found == independent_lifecycle.stays(members)
    days = sorted(members)
    for row in rows("fct_segment_months"):
        day = row["snapshot_date"]
        inside = {name for name, code in members[day] if code == row["segment_code"]}
        assert row["accounts_count"] == len(inside)
        assert row["net_revenue_365d_amount"] == sum((by_day[day][name].revenue for name in inside), Decimal(0))
        if day != days[0]:
            before = {name for name, code in members[days[days.index(day) - 1]] if code == row["segment_code"]}
            assert row["joined_accounts_count"] == len(inside - before)
            assert row["left_accounts_count"] == len(before - inside)
    today = members[as_of]
    for row in rows("fct_segment_overlaps"):
        one, other = ({n for n, code in today if code == row[key]} for key in ("segment_code", "other_segment_code"))
        assert row["shared_accounts_count"] == len(one & other)
    shares = [row for row in rows("fct_segment_profiles") if row["feature"] == "industry"]
    assert shares
    for row in shares:
        inside = {name for name, code in today if code == row["segment_code"]}
        for column, group in (("inside_value", inside), ("outside_value", by_day[as_of].keys() - inside)):
            hits = sum((by_day[as_of][name].industry or "unknown") == row["feature_value"] for name in group)
            assert row[column] == pytest.approx(hits / len(group))
