"""Whether there is enough to learn from, told before anything is fitted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.catalogue import NUMERIC_NAMES
from ml.compare import MIN_OF_EACH, hold_out_latest

if TYPE_CHECKING:
    import pandas as pd

BASE_RATES = (0.05, 0.95)
"""Outside these a model mostly learns to say one word; the bounds are RudderStack's."""
ACCOUNTS = 500
"""From so many on, Dynamics 365 takes its predictions for reliable."""
SNAPSHOTS = 6
_MOST_NAMED = 8
MOST_MISSING = 0.20
"""A field that lacks in more of the rows is told; Dynamics 365 asks for fewer in those it requires."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Without a required one nothing is learned; the others are told."""

    name_en: str
    name_zh: str
    seen: str
    wanted: str
    is_met: bool
    is_required: bool

    def line(self) -> str:
        mark = "✓" if self.is_met else ("✗" if self.is_required else "!")
        return f"{mark} {self.name_en}: {self.seen} (wanted: {self.wanted})"


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """All findings, the required ones first."""

    findings: tuple[Finding, ...]

    @property
    def lack(self) -> str | None:
        """Why nothing can be learned, in words; None when everything required is there."""
        lacking = [finding for finding in self.findings if finding.is_required and not finding.is_met]
        return "; ".join(f"{each.name_en}: {each.seen}, {each.wanted} wanted" for each in lacking) or None

    def lines(self) -> list[str]:
        return [finding.line() for finding in self.findings]

    def as_list(self) -> list[dict[str, Any]]:
        return [asdict(finding) for finding in self.findings]


def judge_sufficiency(rows: pd.DataFrame) -> Sufficiency:
    """Return what labelled rows, as ml.features reads them, have and lack. Nothing is fitted."""
    churned = int(rows["is_churned"].sum())
    kept = len(rows) - churned
    rate = churned / len(rows) if len(rows) else float("nan")
    lowest, highest = BASE_RATES
    is_testable = len(rows) > 0 and hold_out_latest(rows) is not None
    return Sufficiency(
        (
            Finding(
                "outcomes", "已知结果", f"{churned:,} churned and {kept:,} kept account snapshots",
                f"{MIN_OF_EACH} of each", min(churned, kept) >= MIN_OF_EACH, is_required=True,
            ),
            Finding(
                "share that churned", "流失占比", "none known" if not len(rows) else f"{rate:.1%}",
                f"{lowest:.0%} to {highest:.0%}", bool(lowest <= rate <= highest), is_required=True,
            ),
            Finding(
                "days to test on", "可检验的日期", "some" if is_testable else "the history is too short for a test",
                "closed snapshots after what was learned from", is_testable, is_required=True,
            ),
            _at_least("accounts", "客户数", rows["account_id"].nunique(), ACCOUNTS),
            _at_least("closed snapshots", "已闭合快照", rows["snapshot_date"].nunique(), SNAPSHOTS),
            *(_of_features(rows) if len(rows) else ()),
        )
    )  # fmt: skip


def _of_features(rows: pd.DataFrame) -> tuple[Finding, ...]:
    return (
        _named("features that are never known", "完全没有数据的特征", never_known(rows)),
        _named("features that are mostly missing", "大量缺失的特征", mostly_missing(rows)),
        _named("features that never vary", "从不变化的特征", constant_features(rows)),
    )


def mostly_missing(rows: pd.DataFrame) -> list[str]:
    """Return the numeric features that lack in more than MOST_MISSING of the rows, and not in all."""
    shares = rows[list(NUMERIC_NAMES)].isna().mean()
    return [name for name in NUMERIC_NAMES if MOST_MISSING < shares[name] < 1]


def never_known(rows: pd.DataFrame) -> list[str]:
    """Return the numeric features that no row has: no source tells of them, or the history is too short."""
    return [name for name in NUMERIC_NAMES if not rows[name].notna().any()]


def constant_features(rows: pd.DataFrame) -> list[str]:
    """Return the numeric features with one value in all rows, those that are never known left out."""
    return [name for name in NUMERIC_NAMES if len(np.unique(rows[name].dropna())) == 1]


def _at_least(name_en: str, name_zh: str, count: int, wanted: int) -> Finding:
    return Finding(name_en, name_zh, f"{count:,}", f"{wanted:,} or more", count >= wanted, is_required=False)


def _named(name_en: str, name_zh: str, names: list[str]) -> Finding:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    seen = ", ".join(names[:_MOST_NAMED]) + more
    return Finding(name_en, name_zh, seen or "none", "none", not names, is_required=False)
