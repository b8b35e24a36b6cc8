"""The curves by which a score is looked at: points of each, at most a few hundred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.evaluate import Booleans, Floats, share_limits

_POINTS = 200
_LIFT_FROM = 0.01
"""The lift of fewer is a matter of luck."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line, both ways as shares from 0 to 1 but for the lift."""

    x: list[float]
    y: list[float]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Ten equal parts by probability: what was said, what happened, and Wilson's limits of that (95 %)."""

    said: list[float]
    happened: list[float]
    low: list[float]
    high: list[float]
    counts: list[int]


def roc(churned: Booleans, score: Floats) -> Curve:
    """Share of the kept (x) and of the churned (y) above each cut."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(churned, score)
    return _thinned(false, true)


def precision_recall(churned: Booleans, score: Floats) -> Curve:
    """Share of the churned that is found (x) and of the found that churned (y)."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(churned, score)
    return _thinned(recall[::-1], precision[::-1])


def gain(churned: Booleans, score: Floats, weight: Floats | None = None) -> Curve:
    """Share of all churned (y) among the riskiest share of the accounts (x); weighted, of what they are worth."""
    weights = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    lost = np.cumsum((weights * churned)[order])
    total = lost[-1] or 1.0
    return _thinned(np.arange(len(score) + 1) / len(score), np.concatenate([[0.0], lost / total]))


def lift(churned: Booleans, score: Floats) -> Curve:
    """Churn rate of the riskiest share (x) over that of all (y); 1 is chance."""
    found = gain(churned, score)
    points = [(x, y / x) for x, y in zip(found.x, found.y, strict=True) if x >= _LIFT_FROM]
    return Curve([x for x, _ in points], [y for _, y in points])


def reliability(churned: Booleans, probability: Floats, parts: int = 10) -> Reliability:
    """Return said and realised rates of equal parts, from the least to the most likely."""
    groups = [group for group in np.array_split(np.argsort(probability, kind="stable"), parts) if len(group)]
    rates = [float(churned[group].mean()) for group in groups]
    limits = [share_limits(int(churned[group].sum()), len(group)) for group in groups]
    return Reliability(
        said=[float(probability[group].mean()) for group in groups],
        happened=rates,
        low=[low for low, _ in limits],
        high=[high for _, high in limits],
        counts=[len(group) for group in groups],
    )


def _thinned(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Curve:
    """Leave out points until few hundred are left; the first and the last stay."""
    places = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int))
    return Curve([float(each) for each in x[places]], [float(each) for each in y[places]])
