"""What came of a promise, in figures: an outcome can be shown to anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One promise of one suite. `observed` and `expected` are figures and signs that both languages read.

    `failed_count` and `checked_count` are rows, null where a promise is about no rows but a share or a sum.
    """

    suite: str
    expectation: str
    severity: Severity
    is_success: bool
    observed: str
    expected: str
    description_en: str
    description_zh: str
    column: str | None = None
    failed_count: int | None = None
    checked_count: int | None = None


def counted(result: dict[str, Any], *, column: str, is_none_promised: bool) -> tuple[int | None, int | None]:
    """Return how many rows broke a rule, and of how many; None where the result does not say.

    A figure counts rows that broke the rule only where none of them is promised.
    """
    if "element_count" in result:
        return int(result["unexpected_count"] or 0), int(result["element_count"])
    value = result.get("observed_value")
    if value is None or not is_none_promised or not column.endswith("_count"):
        return None, None
    return int(value), None


def observed_text(result: dict[str, Any], *, column: str) -> str:
    """Return what was seen: a figure, or how many of how many rows broke the rule."""
    if "element_count" in result:
        return f"{result['unexpected_count'] or 0:,} / {result['element_count']:,}"
    value = result.get("observed_value")
    return "-" if value is None else figure_text(value, column=column)


def expected_text(promise: Any) -> str:
    """Return what was promised, from the limits of the promise."""
    if not hasattr(promise, "min_value") or "values" in promise.expectation_type or hasattr(promise, "mostly"):
        share = 1 - float(getattr(promise, "mostly", 1))
        return "0" if share == 0 else f"≤ {share:.0%}"
    low, high = promise.min_value, promise.max_value
    if low is None and high == 0:
        return "0"
    parts = [
        sign + figure_text(limit, column=promise.column)
        for sign, limit in (("≥ ", low), ("≤ ", high))
        if limit is not None
    ]
    return ", ".join(parts)


def figure_text(value: float, *, column: str) -> str:
    """Return a figure as its column's name says: shares in per cent, counts with separators."""
    number = float(value)
    if column.endswith("_rate"):
        return f"{number:,.2%}"
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.4g}"
