"""A made-up company whose churn is known: what drives it is written here and nowhere in the product."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

HORIZON = pd.Timedelta(days=90)
FIRST_SNAPSHOT = date(2024, 12, 31)
AS_OF = date(2025, 12, 31)
UNKNOWN = (
    "reply_in_target_rate", "resolution_in_target_rate", "complaint_rate", "days_late", "nps_rate", "csat_rate",
    "contract_days_left", "notices_count", "key_index", "general_index", "champion_silent_days", "opposers_count",
    "threads_count", "response_rate",
)  # fmt: skip
"""What this company has no records of."""


def make_rows(
    *, accounts: int = 300, snapshots: int = 9, seed: int = 1, signal: float = 1.0, until: date | None = None
) -> pd.DataFrame:
    """Return labelled training rows as ml.features reads them.

    The odds of churn grow with how far an account is overdue and with a narrow range of products, and are higher
    in retail; `signal` 0 makes churn a coin toss. Rows do not depend on later snapshots.
    """
    frames = []
    for number, day in enumerate(pd.date_range(FIRST_SNAPSHOT, periods=snapshots, freq="ME")):
        if until is not None and day > pd.Timestamp(until):
            break
        frames.append(_snapshot(day, accounts, np.random.default_rng([seed, number]), signal))
    return pd.concat(frames, ignore_index=True)


def _snapshot(day: pd.Timestamp, accounts: int, random: np.random.Generator, signal: float) -> pd.DataFrame:
    gap = random.lognormal(3.4, 0.5, accounts)
    since = np.minimum(180.0, np.floor(random.exponential(gap * 1.2)))
    products = random.integers(1, 40, accounts).astype(float)
    industry = random.choice(["retail", "health", "food", ""], accounts)
    overdue = since / gap
    log_odds = 1.4 * (np.log1p(overdue) - 0.7) - 0.05 * (products - 20) + 0.9 * (industry == "retail")
    churned = random.random(accounts) < 1 / (1 + np.exp(-signal * log_odds))
    orders = np.maximum(1.0, np.floor(365 / gap))
    revenue = np.round(random.lognormal(6, 1, accounts), 2)
    few = orders < 3
    values: dict[str, Any] = {
        "account_id": [f"A{number:05d}" for number in range(accounts)],
        "snapshot_date": day,
        "closes_on": day + HORIZON,
        "is_churned": churned,
        "days_since_last_order": since,
        "overdue_ratio": overdue,
        "order_days_30d_count": np.floor(orders / 12),
        "order_days_90d_count": np.floor(orders / 4),
        "order_days_180d_count": np.floor(orders / 2),
        "order_days_365d_count": orders,
        "order_days_total_count": orders + random.integers(0, 9, accounts),
        "order_days_trend_rate": random.normal(0, 0.5, accounts),
        "median_gap_days": np.where(few, np.nan, np.round(gap)),
        "typical_gap_days": gap,
        "silence_probability": np.nan,  # made when rows are read
        "gap_spread_rate": np.where(few, np.nan, random.random(accounts)),
        "net_revenue_30d_amount": np.round(revenue / 12, 2),
        "net_revenue_90d_amount": np.round(revenue / 4, 2),
        "net_revenue_180d_amount": np.round(revenue / 2, 2),
        "net_revenue_365d_amount": revenue,
        "average_order_day_amount": np.round(revenue / orders, 2),
        "revenue_trend_rate": random.normal(0, 0.5, accounts),
        "revenue_rank_rate": (revenue.argsort().argsort() + 0.5) / accounts,
        "products_365d_count": products,
        "return_rate_365d": random.beta(1, 20, accounts),
        "tenure_days": random.integers(30, 900, accounts).astype(float),
        "order_days_ahead_last_year_count": np.where(few, np.nan, random.integers(0, 4, accounts)),
        **dict.fromkeys(UNKNOWN, np.nan),
        "overdue_days": np.floor(random.exponential(5, accounts)),
        "relationship_index": np.round(random.uniform(0, 100, accounts), 2),
        "industry": industry.astype(object),
        "size_band": random.choice(np.array(["small", "large"], dtype=object), accounts),
        "region": "",  # this company has no regions
    }
    return pd.DataFrame(values)
