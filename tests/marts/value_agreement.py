"""Compares the marts of value, loyalty, potential, tiers and classes with the same computed in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from tests.marts import chance_value, independent, independent_value
from tests.marts.independent_service import Agreement, category, monthly_revenue

Row = dict[str, Any]

MARTS = (
    "fct_account_value", "fct_account_loyalty", "fct_account_potential", "fct_key_account_components",
)  # fmt: skip
COLUMNS = {
    "fct_account_value": (
        "net_revenue_365d_amount", "growth_rate", "margin_365d_amount", "mrr_amount", "paid_late_rate", "clv_amount",
    ),
    "fct_account_loyalty": (
        "tenure_days", "repeat_rate", "months_with_order_rate", "nps_rate", "csat_rate", "referrals_count",
        "complaints_per_order_day",
    ),
    "fct_account_potential": (
        "wallet_amount", "wallet_gap_amount", "weighted_pipeline_amount", "white_space_amount", "willingness_rate",
    ),
}  # fmt: skip
UNKNOWN = {
    "fct_account_value": {
        "net_revenue_365d_amount": "revenue_unknown_reason", "growth_rate": "growth_unknown_reason",
        "margin_365d_amount": "margin_unknown_reason", "average_order_amount": "average_order_unknown_reason",
        "mrr_amount": "mrr_unknown_reason", "payment_days": "payment_unknown_reason",
        "paid_late_rate": "paid_late_unknown_reason", "referral_revenue_amount": "referral_unknown_reason",
        "clv_amount": "clv_unknown_reason",
    },
    "fct_account_loyalty": {
        "tenure_days": "tenure_unknown_reason", "repeat_rate": "repeat_unknown_reason",
        "months_with_order_rate": "months_unknown_reason", "nps_rate": "nps_unknown_reason",
        "csat_rate": "csat_unknown_reason", "referrals_count": "referrals_unknown_reason",
        "complaints_per_order_day": "complaints_unknown_reason",
        "loyalty_points_balance": "loyalty_points_unknown_reason",
    },
    "fct_account_potential": {
        "wallet_amount": "wallet_unknown_reason", "growth_rate": "growth_unknown_reason",
        "pipeline_amount": "pipeline_unknown_reason", "white_space_amount": "white_space_unknown_reason",
        "willingness_rate": "willingness_unknown_reason",
    },
}  # fmt: skip


def check(
    rows: Callable[[str], list[Row]],
    chance: chance_value.Chance,
    *,
    accounts: list[str],
    agreements: dict[str, list[Agreement]],
    answers: list[Row],
) -> None:
    """Find every measure, tier and class as computed here; `accounts` are those without orders, with `agreements`."""
    _value_agrees(rows, _whole_company(chance, accounts, agreements, answers), chance.as_of)
    _classes_agree(rows, chance)


def _whole_company(
    chance: chance_value.Chance, accounts: list[str], agreements: dict[str, list[Agreement]], answers: list[Row]
) -> independent_value.Company:
    """The company by chance in the independent form: what was loaded, and what it means."""
    told = [
        {
            "account_id": answer["account_id"], "kind": answer["kind"], "score": float(answer["score"]),
            "best": answer["best_score"] or 5,
            "category": category(answer["kind"], answer["score"], answer["best_score"]),
            "date": (answer["answered_at"] + timedelta(hours=8)).date(), "known": date(2025, 6, 1), "until": None,
        }
        for answer in answers
    ]  # fmt: skip
    bought = independent.order_days(_lines(chance))
    contracts = [{"known": date(2023, 1, 1), "until": None}] if agreements else []
    mrr = {name: monthly_revenue(own, as_of=chance.as_of, gap=30) for name, own in agreements.items()}
    plain = [{"account_id": name, "industry": None, "size_band": None, "is_internal": False} for name in accounts]
    named = [*plain, *chance.tables["accounts"]]
    for row in named:
        row["is_customer"] = row["account_id"] in bought or row["account_id"] in agreements
    counted = [row for row in chance.versions["order_lines"] if row["counts"]]
    return independent_value.Company(
        accounts=named,
        records=chance.versions | {"order_lines": counted, "survey_responses": told, "contracts": contracts},
        recurring=lambda name, day: (
            float(mrr[name][day.replace(day=1)]) if day.replace(day=1) in mrr.get(name, {}) else None
        ),
        first_contract={name: min(each.start for each in own) for name, own in agreements.items()},
    )


def _lines(chance: chance_value.Chance) -> pd.DataFrame:
    """The revenue lines in the form of the independent computation of classes."""
    internal = {row["account_id"] for row in chance.tables["accounts"] if row["is_internal"]}
    rows = [row for row in chance.versions["order_lines"] if row["counts"] and row["account_id"] not in internal]
    named = {"account_id": "account_id", "date": "order_date", "known": "known_date", "until": "superseded_date"}
    frame = pd.DataFrame(rows).rename(columns=named | {"net": "net_amount"})
    for column in ("order_date", "known_date", "superseded_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def _value_agrees(rows: Callable[[str], list[Row]], company: independent_value.Company, as_of: date) -> None:
    found = independent_value.measures(company, as_of)
    marts = {mart: {row["account_id"]: row for row in rows(mart)} for mart in MARTS[:3]}
    for own in marts.values():
        assert own.keys() == found.keys()
    renamed = {"clv_amount": "clv", "wallet_amount": "wallet"}
    for mart, columns in COLUMNS.items():
        for column in columns:
            values = {name: _number(row[column]) for name, row in marts[mart].items()}
            expected = {name: own[renamed.get(column, column)] for name, own in found.items()}
            assert values == {name: pytest.approx(each, abs=1e-3) for name, each in expected.items()}, column
            assert len(set(values.values())) > 2, f"{column} says nothing"
    for mart, own in marts.items():
        for row in own.values():
            for column, why in UNKNOWN[mart].items():
                assert (row[column] is None) == (row[why] is not None), (mart, column, row["account_id"])

    standings = independent_value.key_accounts(company, found)
    before = independent_value.key_accounts(company, independent_value.measures(company, date(2025, 5, 31)))
    tiers = {row["account_id"]: row for row in rows("fct_key_accounts")}
    assert len(tiers) == len(rows("fct_key_accounts"))
    assert {name: row["tier_code"] for name, row in tiers.items()} == {
        name: standing.tier for name, standing in standings.items()
    }
    assert {row["tier_code"] for row in tiers.values()} >= {"A", "B", "C", "N"}
    assert {name: row["previous_tier_code"] for name, row in tiers.items()} == {
        name: standing.tier for name, standing in before.items()
    }
    for name, row in tiers.items():
        standing = standings[name]
        for dimension in ("value", "loyalty", "potential"):
            assert row[f"{dimension}_rate"] == pytest.approx(standing.rates.get(dimension), abs=1e-5), (name, dimension)
        assert (row["score_rate"], row["coverage_rate"]) == (
            pytest.approx(standing.score, abs=1e-5), pytest.approx(standing.coverage, abs=1e-5),
        ), name  # fmt: skip
    same: dict[tuple[object, ...], set[float | None]] = {}
    for row in rows("fct_key_account_components"):
        same.setdefault((row["component_code"], row["peer_industry"], row["component_value"]), set()).add(
            row["peer_rate"]
        )
    assert {len(rates) for rates in same.values()} == {1}, "equal values stand at the same place"


def _classes_agree(rows: Callable[[str], list[Row]], chance: chance_value.Chance) -> None:
    """Raw classes, their shares and the published class, over every month end since the first line was known."""
    lines = _lines(chance)
    named = [row["account_id"] for row in chance.tables["accounts"] if not row["is_internal"]]
    first = lines["known_date"].min()
    month_ends = [each.date() for each in pd.date_range(first, chance.as_of, freq="ME") if each.date() < chance.as_of]
    days = [*month_ends[-36:], chance.as_of]
    history: dict[str, list[tuple[date, str, Decimal | None]]] = {name: [] for name in named}
    for day in days:
        now = pd.Timestamp(day)
        seen = set(lines[(lines["known_date"] <= now) & (lines["order_date"] <= now)]["account_id"])
        for name, raw, share in independent.abc(lines, accounts=named, as_of=day).itertuples():
            if name in seen or day == chance.as_of:
                history[name].append((day, raw, share))
    classes = {row["account_id"]: row for row in rows("fct_account_abc")}
    assert sum(row["revenue_rate"] for row in classes.values()) == pytest.approx(1)
    assert {name: classes[name]["abc_class"] for name in named} == {name: own[-1][1] for name, own in history.items()}
    assert {name: (classes[name]["published_class"], classes[name]["published_since_date"]) for name in named} == {
        name: independent_value.published_classes(own, as_of=chance.as_of) for name, own in history.items()
    }
    assert any(row["published_class"] != row["abc_class"] for row in classes.values())


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
