"""How far what was brought lay from what was foreseen, as an interval for what is foreseen now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PARTS = 5
MIN_ROWS = 50
"""Of fewer graded rows a part nothing is said."""
QUANTILES = (0.1, 0.9)
"""Between the two lay eight of ten."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of brought over foreseen, by fifths of what was foreseen; `edges` part the fifths, ascending.

    `most_of_none` is the upper quantile of what accounts brought that were foreseen to bring nothing.
    """

    edges: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    most_of_none: float | None

    def limits(self, foreseen: Floats) -> tuple[Floats, Floats]:
        """Return the lower and the upper limit of each amount, 0 or more; NaN where too little was graded."""
        part = np.searchsorted(np.array(self.edges), foreseen, side="right")
        some = foreseen > 0
        none = np.nan if self.most_of_none is None else self.most_of_none
        low = np.where(some, np.array(self.low)[part] * foreseen, none * 0.0)
        high = np.where(some, np.array(self.high)[part] * foreseen, none)
        return np.where(np.isnan(foreseen), np.nan, low), np.where(np.isnan(foreseen), np.nan, high)


def learn_spread(foreseen: Floats, brought: Floats) -> Spread | None:
    """Return the spread of graded rows; None when too few were foreseen to bring anything."""
    some = foreseen > 0
    if int(some.sum()) < PARTS * MIN_ROWS:
        return None
    edges = np.quantile(foreseen[some], np.arange(1, PARTS) / PARTS)
    part = np.searchsorted(edges, foreseen[some], side="right")
    ratio = np.maximum(0.0, brought[some]) / foreseen[some]
    limits = [
        np.quantile(ratio[part == number], QUANTILES) if (part == number).sum() >= MIN_ROWS else (np.nan, np.nan)
        for number in range(PARTS)
    ]
    none = np.maximum(0.0, brought[~some])
    return Spread(
        edges=tuple(map(float, edges)),
        low=tuple(float(each[0]) for each in limits),
        high=tuple(float(each[1]) for each in limits),
        most_of_none=float(np.quantile(none, QUANTILES[1])) if len(none) >= MIN_ROWS else None,
    )
