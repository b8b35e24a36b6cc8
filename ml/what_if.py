"""What would lower an account's risk, by the word of whoever scores: an order today, or a theme at its peers' level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml.catalogue import NUMERIC, SILENCE, Feature, Theme
from ml.model import churn_probability
from ml.silence import silence_of

if TYPE_CHECKING:
    import pandas as pd

    from ml.registry import Champion

ORDER_TODAY = "order_today"
_GIVEN = (Theme.RHYTHM, Theme.TENURE, Theme.SEASON)
"""What nobody can change but by an order, or by waiting."""
_COUNTS = (
    "order_days_30d_count", "order_days_90d_count", "order_days_180d_count", "order_days_365d_count",
    "order_days_total_count",
)  # fmt: skip
LEAST = 0.01
"""A change of probability that is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one account, and the probability of churn after it, 0 to 1. `code` is a theme, or ORDER_TODAY."""

    code: str
    probability: float


def probability_of(champion: Champion, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the champion's probability of churn for each row. Raises FeatureColumnsError."""
    if champion.pipeline is None:
        return champion.entry.calibrated_rule().probability(rows)
    return churn_probability(champion.pipeline, rows)


def what_would_lower(
    champion: Champion, rows: pd.DataFrame, account_id: str, *, everybody: pd.DataFrame, horizon_days: int
) -> list[Change]:
    """Return the changes that lower an account's probability, the strongest first.

    `rows` are all accounts scored that day, `everybody` the histories of that day (ml.features.read_histories). A
    theme is brought to its peers' medians where the account is on the risky side of them. It is what the model would
    say then, not a promise that the customer would stay.
    """
    own = rows[rows["account_id"] == account_id]
    now = float(probability_of(champion, own)[0])
    ordered = _after_an_order(own)
    ordered[SILENCE.name] = silence_of(ordered, everybody, horizon_days=horizon_days)
    changed = {ORDER_TODAY: ordered}
    for theme in Theme:
        members = [feature for feature in NUMERIC if feature.theme is theme and feature.direction]
        if theme not in _GIVEN:
            changed[theme.value] = _at_peers(own, rows, members)
    found = [Change(code, float(probability_of(champion, frame)[0])) for code, frame in changed.items()]
    return sorted(
        (change for change in found if now - change.probability >= LEAST), key=lambda change: change.probability
    )


def _after_an_order(own: pd.DataFrame) -> pd.DataFrame:
    more = {name: own[name] + 1 for name in _COUNTS}
    return own.assign(days_since_last_order=0.0, overdue_ratio=0.0, **more)


def _at_peers(own: pd.DataFrame, rows: pd.DataFrame, members: list[Feature]) -> pd.DataFrame:
    frame = own.copy()
    for feature in members:
        value, peer = float(own[feature.name].iloc[0]), float(rows[feature.name].median())
        if (value - peer) * feature.direction > 0:
            frame[feature.name] = peer
    return frame
