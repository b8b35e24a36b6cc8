"""The frozen list of what a model may see: each feature, what it is about, and which way it may move the risk.

What each means, in both languages, is told by policy_churn_features; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Theme(StrEnum):
    """What a reason is about; one reason a theme is shown, because features of a theme say the same thing."""

    RHYTHM = "rhythm"
    SPEND = "spend"
    BREADTH = "breadth"
    RETURNS = "returns"
    TENURE = "tenure"
    SEASON = "season"
    SERVICE = "service"
    PAYMENT = "payment"
    SATISFACTION = "satisfaction"
    CONTRACT = "contract"
    USAGE = "usage"
    RELATIONSHIP = "relationship"


@dataclass(frozen=True, slots=True)
class Feature:
    """A numeric column. `direction` is +1 when a higher value may only raise the risk, -1 when it may only
    lower it, 0 when that is left to the data; the model is held to it. A feature that is not told is never a
    reason: it is itself a guess at the risk."""

    name: str
    theme: Theme
    direction: int
    is_told: bool = True


SILENCE = Feature("silence_probability", Theme.RHYTHM, 1, is_told=False)
"""Made of the rows as they are read (ml/silence.py); all others are columns of the table."""


NUMERIC = (
    Feature("days_since_last_order", Theme.RHYTHM, 1),
    Feature("overdue_ratio", Theme.RHYTHM, 1),
    Feature("order_days_30d_count", Theme.RHYTHM, -1),
    Feature("order_days_90d_count", Theme.RHYTHM, -1),
    Feature("order_days_180d_count", Theme.RHYTHM, -1),
    Feature("order_days_365d_count", Theme.RHYTHM, -1),
    Feature("order_days_total_count", Theme.RHYTHM, -1),
    Feature("order_days_trend_rate", Theme.RHYTHM, -1),
    Feature("median_gap_days", Theme.RHYTHM, 0),
    Feature("typical_gap_days", Theme.RHYTHM, 0),
    Feature("gap_spread_rate", Theme.RHYTHM, 0),
    SILENCE,
    Feature("net_revenue_30d_amount", Theme.SPEND, -1),
    Feature("net_revenue_90d_amount", Theme.SPEND, -1),
    Feature("net_revenue_180d_amount", Theme.SPEND, -1),
    Feature("net_revenue_365d_amount", Theme.SPEND, -1),
    Feature("average_order_day_amount", Theme.SPEND, -1),
    Feature("revenue_trend_rate", Theme.SPEND, -1),
    Feature("revenue_rank_rate", Theme.SPEND, -1),
    Feature("products_365d_count", Theme.BREADTH, -1),
    Feature("return_rate_365d", Theme.RETURNS, 1),
    Feature("tenure_days", Theme.TENURE, -1),
    Feature("order_days_ahead_last_year_count", Theme.SEASON, -1),
    Feature("reply_in_target_rate", Theme.SERVICE, -1),
    Feature("resolution_in_target_rate", Theme.SERVICE, -1),
    Feature("complaint_rate", Theme.SERVICE, 1),
    Feature("days_late", Theme.PAYMENT, 1),
    Feature("overdue_days", Theme.PAYMENT, 1),
    Feature("nps_rate", Theme.SATISFACTION, -1),
    Feature("csat_rate", Theme.SATISFACTION, -1),
    Feature("contract_days_left", Theme.CONTRACT, -1),
    Feature("notices_count", Theme.CONTRACT, 1),
    Feature("contracts_count", Theme.CONTRACT, -1),
    Feature("contract_tenure_days", Theme.CONTRACT, -1),
    Feature("renewal_days_left", Theme.CONTRACT, -1),
    Feature("mrr_amount", Theme.CONTRACT, -1),
    Feature("mrr_trend_rate", Theme.CONTRACT, -1),
    Feature("visits_90d_count", Theme.USAGE, -1),
    Feature("visits_trend_rate", Theme.USAGE, -1),
    Feature("relationship_index", Theme.RELATIONSHIP, -1),
    Feature("key_index", Theme.RELATIONSHIP, -1),
    Feature("general_index", Theme.RELATIONSHIP, -1),
    Feature("champion_silent_days", Theme.RELATIONSHIP, 1),
    Feature("opposers_count", Theme.RELATIONSHIP, 1),
    Feature("threads_count", Theme.RELATIONSHIP, -1),
    Feature("response_rate", Theme.RELATIONSHIP, -1),
)
NUMERIC_NAMES = tuple(feature.name for feature in NUMERIC)
CATEGORICAL_NAMES = ("industry", "size_band", "region")
FEATURE_NAMES = (*NUMERIC_NAMES, *CATEGORICAL_NAMES)
TABLE_NAMES = tuple(name for name in FEATURE_NAMES if name != SILENCE.name)
