"""dim_accounts: the accounts that leave, against those that are live."""

from __future__ import annotations

from expectations.marts_figures import ExpectRowsOfTheDay
from expectations.promises import ExpectRows, FigurePromise, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite


class ExpectCustomers(FigurePromise):
    column: str = "customers_count"
    min_value: float = 1
    description: str = (
        "At least one account has ordered or, where nobody does, had a contract; without any no number counts."
    )
    meta: dict[str, str] = chinese("至少有一个客户下过单（没有订单的公司则签过合同）；没有客户，任何数字都没有意义。")


class ExpectCustomersToStay(FigurePromise):
    column: str = "customers_to_live_rate"
    min_value: float = 0.8
    description: str = "Customers are not a fifth fewer than in the live night: who was one once stays a customer."
    meta: dict[str, str] = chinese("客户数不比线上版本少两成以上：成为过客户的始终是客户。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectRowsOfTheDay(), ExpectCustomers()]
    if "dim_accounts" in scope.live_marts:
        promises.append(ExpectCustomersToStay())
    table = f"{scope.build_schema}.dim_accounts"
    return Suite(name="marts_dim_accounts", table=table, figures=_figures(table, scope), promises=tuple(promises))


def _figures(table: str, scope: Scope) -> str:
    is_customer = "is_customer" if "order_lines" in scope.mapped else "contract_mode = 'contractual'"
    has_live = "dim_accounts" in scope.live_marts
    live = f"(select count(*) from bi.dim_accounts where {is_customer})" if has_live else "0"
    return f"""select
        figures.*,
        case when live_customers_count = 0 then 1
            else customers_count / cast(live_customers_count as numeric) end as customers_to_live_rate
    from (
        select
            count(*) as rows_count,
            count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
            count(case when {is_customer} then 1 end) as customers_count,
            {live} as live_customers_count
        from {table}
    ) as figures"""
