"""fct_churn_features: what the model will learn from and score."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.marts_figures import ExpectRowsOfTheDay
from expectations.promises import WARNING, ExpectRows, FigurePromise, NonePromise, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite


class ExpectFeaturesOfToday(FigurePromise):
    column: str = "current_count"
    min_value: float = 1
    description: str = "There are features for the night's own day; without them nobody can be scored."
    meta: dict[str, str] = chinese("有当晚营业日的特征；没有它们就无法给任何客户打分。")


class ExpectNoFutureSnapshots(NonePromise):
    column: str = "future_count"
    description: str = "No snapshot is later than the night's day: the model would learn from what nobody can know."
    meta: dict[str, str] = chinese("没有晚于当晚营业日的快照：否则模型会从不可能知道的信息中学习。")


class ExpectSomebodyEligible(FigurePromise):
    column: str = "eligible_count"
    min_value: float = 1
    severity: FailureSeverity = WARNING
    description: str = (
        "At least one customer ordered lately, or is under contract, and can be kept; otherwise the list stays empty."
    )
    meta: dict[str, str] = chinese("至少有一个客户近期下过单或合同在履行、还可以挽留；否则清单为空。")


class ExpectKnownBehaviour(NonePromise):
    column: str = "unknown_behaviour_count"
    description: str = (
        "Every eligible customer has the features that rules and reasons are built on: of orders, or of contracts."
    )
    meta: dict[str, str] = chinese("每个可评分客户都具备规则和原因所依赖的订单或合同特征。")


class ExpectNumbers(NonePromise):
    column: str = "not_a_number_count"
    description: str = "Amounts of the features are numbers: a NaN or infinity would spoil every score."
    meta: dict[str, str] = chinese("特征中的金额都是数字：NaN 或无穷大会毁掉所有评分。")


def suite(scope: Scope) -> Suite:
    table = f"{scope.build_schema}.fct_churn_features"
    return Suite(
        name="marts_fct_churn_features",
        table=table,
        figures=_figures(table, scope),
        promises=(
            ExpectRows(),
            ExpectRowsOfTheDay(),
            ExpectFeaturesOfToday(),
            ExpectNoFutureSnapshots(),
            ExpectSomebodyEligible(),
            ExpectKnownBehaviour(),
            ExpectNumbers(),
        ),
    )


def _figures(table: str, scope: Scope) -> str:
    day = as_of(scope)
    behaviour = ("days_since_last_order", "order_days_365d_count", "net_revenue_365d_amount", "typical_gap_days")
    is_unknown = "contract_tenure_days is null and (" + " or ".join(f"{each} is null" for each in behaviour) + ")"
    amounts = (
        "net_revenue_90d_amount",
        "net_revenue_365d_amount",
        "overdue_ratio",
        "average_order_day_amount",
        "mrr_amount",
    )
    is_wild = " or ".join(f"abs(cast({column} as double precision)) > 1e15" for column in amounts)
    return f"""select
        count(*) as rows_count,
        count(case when as_of_date <> {day} then 1 end) as other_day_count,
        count(case when is_current and snapshot_date = {day} then 1 end) as current_count,
        count(case when snapshot_date > {day} then 1 end) as future_count,
        count(case when is_current and is_eligible then 1 end) as eligible_count,
        count(case when is_current and is_eligible and ({is_unknown}) then 1 end) as unknown_behaviour_count,
        count(case when {is_wild} then 1 end) as not_a_number_count
    from {table}"""
