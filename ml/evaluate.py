"""How good a ranking and its probabilities are, and whether one ranking is better than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

DRAWS = 500
CONFIDENCE = 0.95
_NO_SPREAD = 1e-9
_MARGIN_OF_A = 0.10


class Grade(StrEnum):
    """What a model is worth beside the best rule; the idea and the 10 % are those of Dynamics 365."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Quality:
    """One ranking on one test: `brier` and `brier_skill` are None when it states no probabilities.

    `brier_skill` is 1 - brier / brier of always saying the test's own base rate. `precision_at_capacity` is the
    share of churned accounts among the `capacity` riskiest of each snapshot. `calibration_slope` is that of the
    outcome's log-odds on those of the probability: 1 is right, below 1 says too much (Cox, Biometrika 45(3-4), 1958);
    None when everybody has the same. `calibration_error` is the mean distance of said and realised rate over ten
    equal parts. All rates are 0 to 1.
    """

    auc: float
    average_precision: float
    top_decile_lift: float
    precision_at_capacity: float
    brier: float | None
    brier_skill: float | None
    base_rate: float
    row_count: int
    calibration_slope: float | None = None
    calibration_error: float | None = None

    def as_dict(self) -> dict[str, float | int | None]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference in average precision, with its bootstrap interval."""

    value: float
    low: float
    high: float


def measure(
    is_churned: Booleans,
    score: Floats,
    probability: Floats | None = None,
    *,
    capacity: int,
    snapshots: npt.NDArray[np.generic] | None = None,
) -> Quality:
    """Measure a score (higher is riskier) against what happened. Both outcomes must occur.

    `snapshots` parts the rows into lists of their own for the precision at capacity.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    base_rate = float(is_churned.mean())
    brier = slope = error = None
    if probability is not None and not np.isnan(probability).any():
        brier = float(np.mean((probability - is_churned) ** 2))
        slope, error = calibration_slope(is_churned, probability), calibration_error(is_churned, probability)
    return Quality(
        auc=float(roc_auc_score(is_churned, score)),
        average_precision=float(average_precision_score(is_churned, score)),
        top_decile_lift=top_decile_lift(is_churned, score),
        precision_at_capacity=_precision_at_capacity(is_churned, score, capacity, snapshots),
        brier=brier,
        brier_skill=None if brier is None else 1 - brier / (base_rate * (1 - base_rate)),
        base_rate=base_rate,
        row_count=len(is_churned),
        calibration_slope=slope,
        calibration_error=error,
    )


def calibration_slope(is_churned: Booleans, probability: Floats) -> float | None:
    """Return the slope of the outcome's log-odds on the log-odds of the probability; None when all are the same."""
    from sklearn.linear_model import LogisticRegression

    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    odds = np.log(clipped / (1 - clipped))
    if np.ptp(odds) < _NO_SPREAD:
        return None
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(odds.reshape(-1, 1), is_churned)
    return float(fitted.coef_[0, 0])


def calibration_error(is_churned: Booleans, probability: Floats, parts: int = 10) -> float:
    """Return the mean distance of said and realised rate over so many equal parts of the ranked rows, 0 to 1."""
    order = np.argsort(probability, kind="stable")
    groups = [group for group in np.array_split(order, parts) if len(group)]
    distance = sum(abs(float(probability[group].mean() - is_churned[group].mean())) * len(group) for group in groups)
    return distance / len(order)


def expected_hits(is_churned: Booleans, score: Floats, top: float) -> float:
    """Return how many of the `top` riskiest churned, expected over every order of those tied at the cut.

    `top` is a number of accounts and may be a fraction. Breaking ties by any rule of the data would reward
    or punish a coarse score for nothing.
    """
    top = min(top, len(score))
    cut = np.sort(score)[::-1][max(0, int(np.ceil(top)) - 1)]
    above, tied = score > cut, score == cut
    needed = top - float(above.sum())
    return float(is_churned[above].sum()) + needed * float(is_churned[tied].mean())


def top_decile_lift(is_churned: Booleans, score: Floats) -> float:
    """Return the churn rate of the riskiest tenth over that of all; 1 is no better than chance."""
    tenth = len(score) / 10
    return expected_hits(is_churned, score, tenth) / tenth / float(is_churned.mean())


def _precision_at_capacity(
    is_churned: Booleans, score: Floats, capacity: int, snapshots: npt.NDArray[np.generic] | None
) -> float:
    groups = np.zeros(len(score)) if snapshots is None else snapshots
    hits, places = 0.0, 0
    for group in np.unique(groups):
        inside = groups == group
        top = min(capacity, int(inside.sum()))
        hits += expected_hits(is_churned[inside], score[inside], top)
        places += top
    return hits / places


def average_precision_difference(
    is_churned: Booleans,
    score: Floats,
    other: Floats,
    *,
    accounts: npt.NDArray[np.generic],
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return AP(score) - AP(other) with its interval by a paired bootstrap over whole accounts.

    An account's snapshots stand and fall together: drawn one by one they would make the interval too narrow.
    """
    ours, theirs = _Ranking(is_churned, score), _Ranking(is_churned, other)
    return paired_interval(
        lambda weights: ours.average_precision(weights) - theirs.average_precision(weights),
        accounts=accounts, seed=seed, draws=draws, confidence=confidence,
    )  # fmt: skip


def mean_average_precision_difference(
    days: Sequence[tuple[Booleans, Floats, Floats]], *, accounts: npt.NDArray[np.generic], seed: int, draws: int = DRAWS
) -> Interval:
    """Return the mean over days of AP(score) - AP(other), with a 95 % interval by a bootstrap over whole accounts.

    Each day has is_churned, score, other; `accounts` are those of all days in a row.
    """
    rankings = [(_Ranking(churned, ours), _Ranking(churned, theirs)) for churned, ours, theirs in days]
    ends = np.cumsum([len(churned) for churned, _, _ in days])[:-1]

    def difference(weights: Floats) -> float:
        parts = np.split(weights, ends)
        return float(np.mean([
            ours.average_precision(part) - theirs.average_precision(part)
            for (ours, theirs), part in zip(rankings, parts, strict=True)
        ]))  # fmt: skip

    return paired_interval(difference, accounts=accounts, seed=seed, draws=draws)


def paired_interval(
    difference: Callable[[Floats], float],
    *,
    accounts: npt.NDArray[np.generic],
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return a difference of two scores, by the weights of their rows, with its interval.

    By a bootstrap over whole accounts; a draw by which nothing can be said (nan) does not count.
    """
    numbers, codes = np.unique(accounts, return_inverse=True)
    random = np.random.default_rng(seed)
    differences = np.empty(draws)
    for draw in range(draws):
        picked = np.bincount(random.integers(0, len(numbers), len(numbers)), minlength=len(numbers))
        differences[draw] = difference(picked[codes].astype(np.float64))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(differences, [tail, 1 - tail])
    return Interval(value=float(difference(np.ones(len(accounts)))), low=float(low), high=float(high))


def share_limits(hits: int, cases: int, z: float | None = None) -> tuple[float, float]:
    """Return the limits of a share of at least one case by Wilson's score; for 95 % unless `z` says otherwise."""
    from scipy.stats import binomtest, norm

    confidence = CONFIDENCE if z is None else float(2 * norm.cdf(z) - 1)
    limits = binomtest(hits, cases).proportion_ci(confidence, method="wilson")
    return float(limits.low), float(limits.high)


def grade(average_precision: float, *, best_rule: float) -> Grade:
    """Return A when the model's average precision is over 10 % above the best rule's, B when above, else C."""
    if average_precision > best_rule * (1 + _MARGIN_OF_A):
        return Grade.A
    return Grade.B if average_precision > best_rule else Grade.C


class _Ranking:
    """A score sorted once, so that each bootstrap draw costs a pass and not a sort."""

    def __init__(self, is_churned: Booleans, score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        self._churned = is_churned[self._order].astype(np.float64)
        # a threshold can only stand after the last of equal scores
        self._ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))

    def average_precision(self, weights: Floats) -> float:
        """Return the sum of precision x gain in recall over the thresholds, with a weight a row."""
        weights = weights[self._order]
        hits = np.cumsum(weights * self._churned)[self._ends]
        total = np.cumsum(weights)[self._ends]
        if hits[-1] == 0:
            return float("nan")
        precision = np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)
        return float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1])
