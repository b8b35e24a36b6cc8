"""fct_order_lines: the revenue that leaves, against the revenue that arrived."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.marts_figures import ExpectRowsOfTheDay
from expectations.promises import WARNING, ExpectRows, FigurePromise, chinese
from expectations.raw_figures import as_of, business_date, latest
from expectations.suite import Scope, Suite


class ExpectRevenueOfRaw(FigurePromise):
    """The control total: computed here from raw, by another way than the models'."""

    column: str = "revenue_gap_rate"
    max_value: float = 0.001
    description: str = "The revenue of all order lines is what the sources delivered, to a tenth of a per cent."
    meta: dict[str, str] = chinese("全部订单明细的收入与数据源送达的一致，误差不超过千分之一。")


class ExpectAttributedRevenue(FigurePromise):
    column: str = "unattributed_rate"
    max_value: float = 0.3
    severity: FailureSeverity = WARNING
    description: str = "Most revenue belongs to an account; what belongs to nobody is in no customer's figures."
    meta: dict[str, str] = chinese("大部分收入都能归到客户；归不到客户的收入不在任何客户指标里。")


def suite(scope: Scope) -> Suite:
    return Suite(
        name="marts_fct_order_lines",
        table=f"{scope.build_schema}.fct_order_lines",
        figures=_figures(scope),
        promises=(
            ExpectRows(),
            ExpectRowsOfTheDay(),
            ExpectRevenueOfRaw(),
            ExpectAttributedRevenue(),
        ),
    )


def _figures(scope: Scope) -> str:
    return f"""select
        lines.*,
        abs(revenue_amount - raw_revenue_amount) / greatest(abs(raw_revenue_amount), 1) as revenue_gap_rate,
        abs(revenue_amount - attributed_amount) / greatest(abs(revenue_amount), 1) as unattributed_rate
    from (
        select
            count(*) as rows_count,
            count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
            coalesce(sum(case when is_revenue then net_amount end), 0) as revenue_amount,
            coalesce(sum(case when is_revenue and is_attributed then net_amount end), 0) as attributed_amount
        from {scope.build_schema}.fct_order_lines
    ) as lines
    cross join ({_raw_revenue(scope)}) as arrived"""


def _raw_revenue(scope: Scope) -> str:
    """Sum by kind before the policy is joined: the other way round PostgreSQL expects few rows and loops."""
    return f"""
        select coalesce(sum(by_kind.amount), 0) as raw_revenue_amount
        from (
            select coalesce(lines.line_kind, 'product') as line_kind, sum(lines.net_amount) as amount
            from {latest("order_lines", scope)} as lines
            inner join {latest("orders", scope)} as orders
                on lines.source = orders.source and lines.order_id = orders.order_id
            where coalesce(orders.status, 'done') <> 'cancelled'
                and {business_date("orders.ordered_at", scope)} <= {as_of(scope)}
            group by 1
        ) as by_kind
        inner join {scope.build_schema}.policy_line_kinds as kinds on by_kind.line_kind = kinds.line_kind
        where kinds.counts_as_revenue"""
