"""How good foreseen amounts are: who is among the largest, how much they bring, and whether the sum is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TOP = 0.2
"""The part of the accounts that is called of high value."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One way on the graded days.

    `recall` is the share of the accounts of high value that it put among its own top fifth, `revenue_share` the share
    of what was brought that those of its top fifth brought; equal amounts share the places that are left. `mae` is the
    mean distance a row, `bias` what it foresaw in all over what was brought, `spearman` the correlation of ranks.
    """

    recall: float
    revenue_share: float
    mae: float
    bias: float
    spearman: float
    row_count: int

    def as_dict(self) -> dict[str, float | int]:
        return asdict(self)


class Ranking:
    """Amounts sorted once, so that each draw of a bootstrap costs a pass and not a sort."""

    def __init__(self, amounts: Floats) -> None:
        self._order = np.argsort(-amounts, kind="stable")
        ordered = amounts[self._order]
        self._starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        self._group = np.cumsum(np.append(True, ordered[1:] != ordered[:-1])) - 1

    def top(self, weights: Floats) -> Floats:
        """Return how much of each row is among the top fifth by weight, 0 to 1; equal rows share what is left."""
        sums = np.add.reduceat(weights[self._order], self._starts)
        left = TOP * weights.sum() - (np.cumsum(sums) - sums)
        part = np.clip(np.divide(left, sums, out=np.zeros_like(sums), where=sums > 0), 0.0, 1.0)
        told = np.empty(len(weights))
        told[self._order] = part[self._group]
        return told


class Graded:
    """One way on one day, ready to be weighed: `brought` and `foreseen` by row, where NaN counts as nothing."""

    def __init__(self, brought: Floats, foreseen: Floats) -> None:
        self.brought, self.foreseen = brought, np.nan_to_num(foreseen)
        self._high, self._ours = Ranking(brought), Ranking(self.foreseen)

    def hits(self, weights: Floats) -> tuple[float, float]:
        """Return by weight how many of high value are in the top fifth, and how many there are."""
        high = np.where(self.brought > 0, self._high.top(weights), 0.0) * weights
        return float((high * self._ours.top(weights)).sum()), float(high.sum())

    def revenue(self) -> tuple[float, float]:
        """Return what the top fifth brought, and what all did."""
        return float((self._ours.top(np.ones(len(self.brought))) * self.brought).sum()), float(self.brought.sum())


def recall(days: Sequence[Graded], weights: Floats | None = None) -> float:
    """Return the recall of high value over days, whose rows follow each other in `weights`; nan without any."""
    ends = np.cumsum([len(day.brought) for day in days])
    whole = np.ones(ends[-1]) if weights is None else weights
    pairs = [day.hits(part) for day, part in zip(days, np.split(whole, ends[:-1]), strict=True)]
    hits, high = (sum(each) for each in zip(*pairs, strict=True))
    return hits / high if high else float("nan")


def measure(days: Sequence[Graded]) -> Measures:
    """Measure one way on some days."""
    from scipy.stats import spearmanr

    brought, foreseen = (np.concatenate([getattr(day, name) for day in days]) for name in ("brought", "foreseen"))
    ours, everybodys = (sum(each) for each in zip(*(day.revenue() for day in days), strict=True))
    is_flat = min(np.ptp(foreseen), np.ptp(brought)) == 0
    return Measures(
        recall=recall(days),
        revenue_share=ours / everybodys if everybodys else float("nan"),
        mae=float(np.mean(np.abs(foreseen - brought))),
        bias=float(foreseen.sum()) / everybodys if everybodys else float("nan"),
        spearman=0.0 if is_flat else float(spearmanr(foreseen, brought).statistic),
        row_count=len(brought),
    )
