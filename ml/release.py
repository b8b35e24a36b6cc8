"""The release gate: a new model beside the one that scored those days, on days that neither had seen.

The incumbent is the newest model that was champion by the first tested day, so it and the challenger, which is fitted
for the test on the labels known that day, stand on the same ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.catalogue import CATEGORICAL_NAMES
from ml.evaluate import DRAWS, Interval, average_precision_difference
from ml.model import SEED

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

MIN_OF_EACH_IN_SEGMENT = 30
"""Of churned and of kept snapshots: of fewer, nothing is said about a segment."""
_DOUBT = 0.05


@dataclass(frozen=True, slots=True)
class Release:
    """A challenger beside the incumbent: the difference in average precision, and the segments it is surely worse in.

    Surely means that the whole interval lies below zero; over so many segments each is judged by a wider one, so that
    all together are wrong in one case of twenty (Bonferroni).
    """

    incumbent_id: str
    difference: Interval
    segments_count: int
    worse_segments: tuple[str, ...]

    @property
    def is_cleared(self) -> bool:
        return self.difference.high >= 0 and not self.worse_segments

    def verdict(self) -> str:
        """Return in one sentence what the gate says."""
        gain = f"{self.difference.value:+.3f} ({self.difference.low:+.3f} to {self.difference.high:+.3f})"
        if self.difference.high < 0:
            return f"not released: average precision beside {self.incumbent_id} {gain}"
        if self.worse_segments:
            return f"not released: surely worse than {self.incumbent_id} for {', '.join(self.worse_segments)}"
        return (
            f"released: average precision beside {self.incumbent_id} {gain}, worse in none of {self.segments_count} "
            "segments"
        )

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "is_cleared": self.is_cleared}


def judge_release(
    test: pd.DataFrame, challenger: Floats, incumbent: Floats, *, incumbent_id: str, draws: int = DRAWS
) -> Release:
    """Compare two scores of the tested rows, as ml.features reads them, overall and by industry, size and region."""
    segments = segments_of(test)
    overall = _difference(test, challenger, incumbent, draws=draws, confidence=1 - _DOUBT)
    confidence = 1 - _DOUBT / max(1, len(segments))
    worse = [
        name
        for name, rows in segments
        if _difference(test[rows], challenger[rows], incumbent[rows], draws=draws, confidence=confidence).high < 0
    ]
    return Release(incumbent_id, overall, len(segments), tuple(worse))


def segments_of(test: pd.DataFrame) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Return the segments with enough outcomes of both kinds, each with its rows."""
    churned = test["is_churned"].to_numpy(dtype=bool)
    found = []
    for column in CATEGORICAL_NAMES:
        values: Sequence[str] = sorted(set(test[column]) - {""})
        for value in values:
            rows = (test[column] == value).to_numpy(dtype=bool)
            if min((churned & rows).sum(), (~churned & rows).sum()) >= MIN_OF_EACH_IN_SEGMENT:
                found.append((f"{column} {value}", rows))
    return found


def _difference(
    test: pd.DataFrame, challenger: Floats, incumbent: Floats, *, draws: int, confidence: float
) -> Interval:
    return average_precision_difference(
        test["is_churned"].to_numpy(dtype=bool),
        challenger,
        incumbent,
        accounts=test["account_id"].to_numpy(dtype=str),
        seed=SEED,
        draws=draws,
        confidence=confidence,
    )
