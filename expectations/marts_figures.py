"""SQL and rules that the suites of marts share. What is live is read through schema bi, as a reader sees it."""

from __future__ import annotations

from datetime import timedelta

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import WARNING, FigurePromise, NonePromise, chinese
from expectations.suite import Scope


class ExpectEachCustomerOnce(NonePromise):
    """The base of the rules that every customer has exactly one segment, class or stage."""

    column: str = "not_once_count"


class ExpectFewMoves(FigurePromise):
    """The base of the rules that few accounts change their place since the live night."""

    column: str = "moved_rate"
    max_value: float = 0.30
    severity: FailureSeverity = WARNING


class ExpectRowsOfTheDay(NonePromise):
    column: str = "other_day_count"
    description: str = "Every row answers for the night's own day; another day is what an earlier build left."
    meta: dict[str, str] = chinese("每一行都对应当晚的营业日；其他日期说明是旧的构建残留。")


# How old the live night may be for a comparison of places: life moves accounts too.
COMPARABLE_DAYS = 7


def is_comparable(mart: str, scope: Scope) -> bool:
    """Say whether the live night has the mart and is recent enough to compare places with."""
    if scope.live_as_of is None or mart not in scope.live_marts:
        return False
    return scope.as_of - scope.live_as_of <= timedelta(days=COMPARABLE_DAYS)


def customers(scope: Scope) -> str:
    """Return a subquery: the account_id of every customer (an account that has ordered)."""
    return f"(select account_id from {scope.build_schema}.dim_accounts where is_customer)"


def not_once_count(table: str, scope: Scope) -> str:
    """Return a scalar subquery: customers that a table (or subquery) does not hold exactly once."""
    return f"""(select count(*) from (
            select customers.account_id
            from {customers(scope)} as customers
            left join {table} as places on customers.account_id = places.account_id
            group by customers.account_id having count(places.account_id) <> 1
        ) as strays)"""


def moved_rate(mart: str, place: str, scope: Scope, *, where: str = "true") -> str:
    """Return a scalar subquery: the share of accounts, of those in both nights, whose `place` differs."""
    return f"""(select coalesce(avg(case when now.{place} <> live.{place} then 1.0 else 0 end), 0)
            from {scope.build_schema}.{mart} as now
            inner join bi.{mart} as live on now.account_id = live.account_id
            where {where.format(side="now")} and {where.format(side="live")})"""
