"""A made-up company whose customers' future is known: who comes to stay, and who comes for one project."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from ml.catalogue import CATEGORICAL_NAMES, FEATURE_NAMES, SILENCE
from ml.lifetime.days import Closed, days_of

AS_OF = date(2025, 12, 31)
FIRST = pd.Timestamp("2022-01-01")
Orders = pd.DataFrame


def make_orders(*, accounts: int = 600, seed: int = 5, projects: float = 0.5, unlike: float = 0.4) -> Orders:
    """Return account_id, industry, day (from FIRST) and amount.

    Customers in `care` buy small amounts about once a month and seldom leave. Those in `build` buy large amounts for
    a quarter and never again: what they bought lately says nothing of what they will. `unlike` is how far customers
    lie apart in what they spend.
    """
    random = np.random.default_rng(seed)
    end = (pd.Timestamp(AS_OF) - FIRST).days
    frames = []
    for number in range(accounts):
        is_project = random.random() < projects
        first, usual = int(random.integers(0, end)), float(random.lognormal(7 if is_project else 5.5, unlike))
        last = min(end, first + (90 if is_project else int(random.exponential(1500))))
        gaps = 1 + random.exponential(12 if is_project else 30, 200).astype(int)
        days = np.append(first, first + np.cumsum(gaps))
        days = days[days <= last]
        amounts = np.round(usual * random.lognormal(0, 0.3, len(days)), 2)
        frames.append(
            pd.DataFrame(
                {
                    "account_id": f"A{number:05d}",
                    "industry": "build" if is_project else "care",
                    "day": days,
                    "amount": amounts,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def rows_on(orders: Orders, day: date) -> pd.DataFrame:
    """Return what ml.lifetime.rows reads of a day: everybody who had ordered by it, as known then."""
    at = (pd.Timestamp(day) - FIRST).days
    known = orders[orders["day"] <= at].assign(age=lambda frame: at - frame["day"])
    each = known.groupby("account_id", sort=True)
    rows = pd.DataFrame(
        {
            "tenure_days": each["age"].max().astype(float),
            "days_since_last_order": each["age"].min().astype(float),
            "order_days_total_count": each.size().astype(float),
            "net_revenue_total_amount": each["amount"].sum(),
            "industry": each["industry"].first().astype(object),
        }
    )
    rows["average_order_day_amount"] = rows["net_revenue_total_amount"] / rows["order_days_total_count"]
    for days in (30, 90, 180, 365):
        lately = known[known["age"] < days].groupby("account_id")["amount"]
        rows[f"net_revenue_{days}d_amount"] = lately.sum().reindex(rows.index, fill_value=0.0)
        rows[f"order_days_{days}d_count"] = lately.size().reindex(rows.index, fill_value=0).astype(float)
    before = known[known["age"].between(180, 359)]["account_id"].unique()
    again = known[(known["age"] < 180) & known["account_id"].isin(before)]["account_id"].nunique()
    retention = again / len(before) if len(before) else np.nan
    rows["formula_month_amount"] = rows["net_revenue_180d_amount"] / 180 * 365 / 12 * retention
    rows["is_eligible"] = rows["days_since_last_order"] < 180
    rows = rows.reset_index()
    rows.insert(1, "snapshot_date", pd.Timestamp(day))
    for name in FEATURE_NAMES:
        if name not in rows and name != SILENCE.name:
            rows[name] = "" if name in CATEGORICAL_NAMES else np.nan
    return rows


def labels_after(orders: Orders, day: date, months: int) -> pd.DataFrame:
    """Return what ml.lifetime.rows reads of what came after a day."""
    at, length = (pd.Timestamp(day) - FIRST).days, days_of(months)
    accounts = orders[orders["day"] <= at]["account_id"].drop_duplicates().sort_values(ignore_index=True)
    after = orders[(orders["day"] > at) & (orders["day"] <= at + length)].groupby("account_id")["amount"]
    return pd.DataFrame(
        {
            "account_id": accounts,
            "snapshot_date": pd.Timestamp(day),
            "closes_on": pd.Timestamp(day) + pd.Timedelta(days=length),
            "net_revenue_amount": after.sum().reindex(accounts, fill_value=0.0).to_numpy(),
            "order_days_count": after.size().reindex(accounts, fill_value=0).to_numpy(dtype=float),
        }
    )


def closed_days(months: int, *, since: str = "2022-12-31") -> Closed:
    """Return the month ends whose horizon has closed by AS_OF."""
    last = pd.Timestamp(AS_OF) - pd.Timedelta(days=days_of(months))
    return Closed(months, tuple(day.date() for day in pd.date_range(since, last, freq="ME")))


def history(orders: Orders, closed: tuple[Closed, ...]) -> tuple[pd.DataFrame, dict[int, pd.DataFrame]]:
    """Return rows and labels of all days that the horizons need."""
    days = sorted({day for each in closed for day in each.needed()})
    rows = pd.concat([rows_on(orders, day) for day in days], ignore_index=True)
    labels = {
        each.months: pd.concat(
            [labels_after(orders, day, each.months) for day in sorted(each.needed())], ignore_index=True
        )
        for each in closed
    }
    return rows, labels
