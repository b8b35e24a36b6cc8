"""fct_account_rfm: the segments that leave."""

from __future__ import annotations

from expectations.marts_figures import (
    ExpectEachCustomerOnce,
    ExpectFewMoves,
    ExpectRowsOfTheDay,
    is_comparable,
    moved_rate,
    not_once_count,
)
from expectations.promises import ExpectRows, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite


class ExpectOneSegmentEach(ExpectEachCustomerOnce):
    description: str = "Every customer is in exactly one RFM segment."
    meta: dict[str, str] = chinese("每个客户恰好属于一个 RFM 分群。")


class ExpectFewSegmentMoves(ExpectFewMoves):
    description: str = "Few customers change their RFM segment in a night; many at once is a changed input, not life."
    meta: dict[str, str] = chinese("一夜之间只有少数客户改变 RFM 分群；大量改变说明输入变了，而不是客户变了。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectRowsOfTheDay(), ExpectOneSegmentEach()]
    has_live = is_comparable("fct_account_rfm", scope)
    if has_live:
        promises.append(ExpectFewSegmentMoves())
    table = f"{scope.build_schema}.fct_account_rfm"
    figures = f"""select
        count(*) as rows_count,
        count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
        {moved_rate("fct_account_rfm", "segment_code", scope) if has_live else "0"} as moved_rate,
        {not_once_count(table, scope)} as not_once_count
    from {table}"""
    return Suite(name="marts_fct_account_rfm", table=table, figures=figures, promises=tuple(promises))
