"""raw.orders: what arrives as orders."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import (
    WARNING,
    ExpectEveryRowNamed,
    ExpectLedgerAgrees,
    ExpectNothingFromTheFuture,
    ExpectRows,
    ExpectUsualVolume,
    FigurePromise,
    NonePromise,
    chinese,
)
from expectations.raw_figures import account_key, arrival_figures, as_of, business_date, known_accounts, latest
from expectations.suite import Scope, Suite

LIMIT_OF_UNKNOWN_ACCOUNTS = 0.01


class ExpectFreshOrders(FigurePromise):
    """Its max_value is the company's freshness_days."""

    column: str = "newest_order_age_days"
    severity: FailureSeverity = WARNING
    description: str = "The newest order is recent: a company that trades has orders, a stuck export has none."
    meta: dict[str, str] = chinese("最新订单足够新：正常经营就会有订单，没有新订单多半是导出卡住了。")


class ExpectOneCurrency(NonePromise):
    column: str = "other_currency_count"
    description: str = "Every order is in the company's one currency: amounts of two currencies cannot be added."
    meta: dict[str, str] = chinese("所有订单都使用公司唯一的币种：不同币种的金额不能相加。")


class ExpectKnownAccounts(NonePromise):
    column: str = "unknown_account_count"
    severity: FailureSeverity = WARNING
    description: str = (
        "Every order belongs to an account we know; an order of an unknown one is left out until it arrives."
    )
    meta: dict[str, str] = chinese("每张订单都属于已知客户；未知客户的订单在客户到达前不计入。")


class ExpectFewUnknownAccounts(FigurePromise):
    column: str = "unknown_account_rate"
    max_value: float = LIMIT_OF_UNKNOWN_ACCOUNTS
    description: str = "Hardly any order belongs to an unknown account: more means that the accounts did not arrive."
    meta: dict[str, str] = chinese("极少订单属于未知客户：超过限度说明客户主数据没有到达。")


class ExpectFewUnknownAccountsWhereOptional(ExpectFewUnknownAccounts):
    """For a company whose orders need not have an account: told, but no reason to stop."""

    severity: FailureSeverity = WARNING


def suite(scope: Scope) -> Suite:
    promises = [
        ExpectRows(),
        ExpectEveryRowNamed(),
        ExpectLedgerAgrees(),
        ExpectUsualVolume(),
        ExpectFreshOrders(max_value=scope.freshness_days),
        ExpectNothingFromTheFuture(),
        ExpectOneCurrency(),
    ]
    if "accounts" in scope.mapped:
        is_optional = "account_id" in scope.mapped["orders"]
        promises += [
            ExpectKnownAccounts(),
            ExpectFewUnknownAccountsWhereOptional() if is_optional else ExpectFewUnknownAccounts(),
        ]
    return Suite(name="raw_orders", table="raw.orders", figures=_figures(scope), promises=tuple(promises))


def unknown_account_orders(scope: Scope) -> str:
    """Return a query: source, record_id and account_id of the orders whose account nobody has delivered."""
    return f"""select orders.source, orders.record_id, orders.account_id
        from {latest("orders", scope)} as orders
        left join {known_accounts(scope)} as accounts on {account_key("orders", scope)} = accounts.account_id
        where orders.account_id is not null and accounts.account_id is null"""


def _figures(scope: Scope) -> str:
    ordered_date = business_date("ordered_at", scope)
    return f"""select
        figures.*,
        unknown.unknown_account_count,
        unknown.unknown_account_count / greatest(figures.rows_count, 1.0) as unknown_account_rate
    from (
        select
            count(*) as rows_count,
            count(case when coalesce(order_id, '') = '' then 1 end) as unnamed_count,
            {as_of(scope)} - max({ordered_date}) as newest_order_age_days,
            count(case when {ordered_date} > {as_of(scope)} then 1 end) as future_count,
            count(case when currency_code <> '{scope.currency}' then 1 end) as other_currency_count,
            {arrival_figures("orders", scope)}
        from {latest("orders", scope)} as orders
    ) as figures
    cross join (select count(*) as unknown_account_count from ({unknown_account_orders(scope)}) as orders) as unknown"""
