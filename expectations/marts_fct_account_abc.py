"""fct_account_abc: the value classes that leave."""

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


class ExpectOneClassEach(ExpectEachCustomerOnce):
    description: str = "Every customer is in exactly one ABC class."
    meta: dict[str, str] = chinese("每个客户恰好属于一个 ABC 等级。")


class ExpectFewClassMoves(ExpectFewMoves):
    description: str = "Few customers change their ABC class in a night; many at once is a changed input, not life."
    meta: dict[str, str] = chinese("一夜之间只有少数客户改变 ABC 等级；大量改变说明输入变了，而不是客户变了。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectRowsOfTheDay(), ExpectOneClassEach()]
    has_live = is_comparable("fct_account_abc", scope)
    if has_live:
        promises.append(ExpectFewClassMoves())
    table = f"{scope.build_schema}.fct_account_abc"
    figures = f"""select
        count(*) as rows_count,
        count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
        {moved_rate("fct_account_abc", "abc_class", scope) if has_live else "0"} as moved_rate,
        {not_once_count(table, scope)} as not_once_count
    from {table}"""
    return Suite(name="marts_fct_account_abc", table=table, figures=figures, promises=tuple(promises))
