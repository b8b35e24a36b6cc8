"""fct_account_lifecycle_months: the stages that leave."""

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


class ExpectOneStageEach(ExpectEachCustomerOnce):
    description: str = "Every customer is in exactly one lifecycle stage today."
    meta: dict[str, str] = chinese("每个客户今天恰好处于一个生命周期阶段。")


class ExpectFewStageMoves(ExpectFewMoves):
    description: str = (
        "Few customers change their lifecycle stage in a night; many at once is a changed input, not life."
    )
    meta: dict[str, str] = chinese("一夜之间只有少数客户改变生命周期阶段；大量改变说明输入变了，而不是客户变了。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectRowsOfTheDay(), ExpectOneStageEach()]
    mart = "fct_account_lifecycle_months"
    has_live = is_comparable(mart, scope)
    if has_live:
        promises.append(ExpectFewStageMoves())
    table = f"{scope.build_schema}.{mart}"
    moved = moved_rate(mart, "stage_code", scope, where="{side}.is_current") if has_live else "0"
    figures = f"""select
        count(*) as rows_count,
        count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
        {moved} as moved_rate,
        {not_once_count(f"(select account_id from {table} where is_current)", scope)} as not_once_count
    from {table}"""
    return Suite(name=f"marts_{mart}", table=table, figures=figures, promises=tuple(promises))
