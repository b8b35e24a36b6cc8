"""The rules that more than one table must keep, and the two shapes a rule may have.

A promise is an expectation of Great Expectations with a name that says what is promised, a description that a
business reader understands (English in `description`, Chinese in `meta`) and a severity: `critical` stops the
night, `warning` is told. Promises look at *figures*: the suite's query gives one row of counts and rates, so no
value of a customer's row can reach a result or a page.
"""

from __future__ import annotations

import great_expectations.expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

CRITICAL = FailureSeverity.CRITICAL
WARNING = FailureSeverity.WARNING


def chinese(text: str) -> dict[str, str]:
    """Return the meta data that carry a promise's description in Chinese."""
    return {"zh": text}


class FigurePromise(gxe.ExpectColumnMaxToBeBetween):
    """A figure of the suite's one-row query lies between min_value and max_value; a null figure breaks it."""


class NonePromise(FigurePromise):
    """A figure is zero: not one row, not any share."""

    max_value: float = 0


class ExpectRows(FigurePromise):
    """Every suite holds this rule or a subclass: column rules are kept by an empty table."""

    column: str = "rows_count"
    min_value: float = 1
    description: str = "The table holds rows: an empty one means that something upstream failed in silence."
    meta: dict[str, str] = chinese("表中必须有数据：空表意味着上游悄悄失败了。")


class ExpectEveryRowNamed(NonePromise):
    column: str = "unnamed_count"
    description: str = "Every record has its key; without one it can neither be corrected nor joined."
    meta: dict[str, str] = chinese("每条记录都有主键；没有主键就无法更正，也无法关联。")


class ExpectLedgerAgrees(NonePromise):
    column: str = "ledger_gap_count"
    description: str = "The night stored exactly the records that its ledger counted as new or changed."
    meta: dict[str, str] = chinese("当晚入库的记录数与账目中的新增和变更数完全一致。")


class ExpectUsualVolume(FigurePromise):
    column: str = "volume_rate"
    min_value: float = 0.3
    max_value: float = 3.0
    severity: FailureSeverity = WARNING
    description: str = "Tonight's extract is about as large as on such a weekday; a tenth or ten times is an accident."
    meta: dict[str, str] = chinese("今晚的抽取量与同一星期几的常量相当；骤减或骤增多半是事故。")


class ExpectNothingFromTheFuture(NonePromise):
    column: str = "future_count"
    description: str = "Nothing is dated after the night's business day: a wrong date would move every recency."
    meta: dict[str, str] = chinese("没有晚于当晚营业日的记录：错误的日期会改变所有“最近一次”指标。")
