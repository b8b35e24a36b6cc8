"""Drift: whether tonight's accounts look like those that were learned from, more differently than chance allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.catalogue import NUMERIC_NAMES

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 10
CONFIDENCE = 0.99
REFERENCE = "distribution"
"""Under this key a model's metrics hold what `reference_of` returns."""
SCORE = "churn_probability"
_HALF = 0.5  # of an account, in every bin, so that an empty one is no infinite change


@dataclass(frozen=True, slots=True)
class Drift:
    """One comparison with the past: `kind` is psi, missing or volume, `feature` what is compared.

    `value` and `limit` are in the kind's own unit: the index, a difference of shares, a change of the number of
    accounts as a share of those before. It drifts when the value is above the limit. `before_count` and
    `now_count` are the accounts compared, `bins_count` is None unless of kind psi.
    """

    kind: str
    feature: str
    value: float
    limit: float
    before_count: int
    now_count: int
    bins_count: int | None = None

    @property
    def is_drifting(self) -> bool:
        return self.value > self.limit


def reference_of(rows: pd.DataFrame, probability: Floats) -> dict[str, Any]:
    """Return how the numeric features and the score lie in the rows that were learned from, in plain values.

    Of each: `edges`, the upper ends of all bins but the last, with about equally many rows in each bin as far as
    equal values allow; `counts` of the rows in them; `known_count`, the accounts of which it is known;
    `missing_rate`, the share of rows without it. `probability` is one of each row. Accounts and not rows tell how
    much is known, because the rows of an account say much the same.
    """
    accounts = rows["account_id"]
    columns = {name: rows[name].to_numpy(dtype=np.float64) for name in NUMERIC_NAMES} | {SCORE: probability}
    features: dict[str, Any] = {}
    for name, values in columns.items():
        known = ~np.isnan(values)
        if known.any():
            edges = edges_of(values[known])
            features[name] = {
                "edges": edges.tolist(),
                "counts": counts_in(values[known], edges).tolist(),
                "known_count": int(accounts[known].nunique()),
                "missing_rate": float(1 - known.mean()),
            }
    return {"accounts_count": int(accounts.nunique()), "features": features}


def compare(reference: dict[str, Any], rows: pd.DataFrame, probability: Floats) -> list[Drift]:
    """Return for each feature of a reference, and the score, the index of stability and the change of missing values.

    `rows` and `probability` are tonight's, an account once. A feature that is known of nobody tonight has no index.
    """
    columns = {name: rows[name].to_numpy(dtype=np.float64) for name in NUMERIC_NAMES} | {SCORE: probability}
    found = []
    for name, was in reference["features"].items():
        if name not in columns:
            continue
        values = columns[name]
        known = values[~np.isnan(values)]
        if len(known) and len(was["counts"]) > 1:
            now = counts_in(known, np.array(was["edges"]))
            bins = len(was["counts"])
            limit = stability_limit(was["known_count"], len(known), bins)
            value = stability_index(np.array(was["counts"]), now)
            found.append(Drift("psi", name, value, limit, was["known_count"], len(known), bins))
        if name != SCORE and len(values):
            before, share = was["missing_rate"], 1 - len(known) / len(values)
            limit = _share_limit(before, reference["accounts_count"], share, len(values))
            found.append(Drift("missing", name, abs(share - before), limit, reference["accounts_count"], len(values)))
    return found


def volume(before: int, now: int) -> Drift:
    """Return how far the number of scored accounts lies from that of the night before, of at least one each.

    The limit is that of two counts which chance alone makes differ. Most accounts stand in both nights, so that in
    truth they differ by less.
    """
    limit = _z() * np.sqrt(before + now) / before
    return Drift("volume", "accounts", abs(now - before) / before, float(limit), before, now)


def edges_of(known: Floats) -> Floats:
    """Return the upper ends of all bins of a sample but the last: its deciles, each once, so that no bin is empty."""
    shares = np.arange(1, BINS) / BINS
    deciles = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    edges: Floats = deciles[deciles < known.max()]
    return edges


def counts_in(known: Floats, edges: Floats) -> Counts:
    """Return how many values lie in each bin; an edge belongs to the bin below."""
    counts: Counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return counts


def stability_index(before: Counts, now: Counts) -> float:
    """Return the population stability index of two counts over the same bins: 0 when the shares are equal."""
    was, is_now = ((counts + _HALF) / (counts.sum() + _HALF * len(counts)) for counts in (before, now))
    return float(np.sum((is_now - was) * np.log(is_now / was)))


def stability_limit(before: int, now: int, bins: int) -> float:
    """Return what the index exceeds by chance in one of a hundred pairs of samples of these sizes.

    The index of two samples of one distribution is about chi-squared with a degree of freedom less than bins, times
    the sum of the inverse sizes.
    """
    from scipy.stats import chi2

    return float(chi2.ppf(CONFIDENCE, bins - 1)) * (1 / before + 1 / now)


def _share_limit(before: float, before_count: int, now: float, now_count: int) -> float:
    """How far two shares of samples of one population lie apart in one of a hundred pairs."""
    pooled = (before * before_count + now * now_count) / (before_count + now_count)
    return float(_z() * np.sqrt(pooled * (1 - pooled) * (1 / before_count + 1 / now_count)))


def _z() -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + CONFIDENCE) / 2))
