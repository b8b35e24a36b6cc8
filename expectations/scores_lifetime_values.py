"""fct_account_lifetime_values: what every customer is said to bring."""

from __future__ import annotations

from expectations.marts_figures import ExpectRowsOfTheDay
from expectations.promises import ExpectRows, NonePromise, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite

_AMOUNTS = ("lifetime_value_amount", "formula_amount", "buying_amount", "two_part_amount", "low_amount", "high_amount")


class ExpectNumbersOrUnknown(NonePromise):
    column: str = "not_a_number_count"
    description: str = "Every amount and probability is a number or not known: NaN would spoil every sum over it."
    meta: dict[str, str] = chinese("每个金额和概率都是数字或未知：NaN 会破坏所有合计。")


class ExpectNothingNegative(NonePromise):
    column: str = "negative_count"
    description: str = "No customer is said to bring less than nothing."
    meta: dict[str, str] = chinese("没有客户的生命周期价值为负。")


class ExpectNoughtExplained(NonePromise):
    column: str = "unexplained_count"
    description: str = "An amount of 0 has a note, one that is not known has a reason, and no other amount has either."
    meta: dict[str, str] = chinese("金额为 0 时有说明，未知时有原因，其他金额两者皆无。")


class ExpectActiveValued(NonePromise):
    column: str = "unvalued_count"
    description: str = "Every customer that can be scored has a lifetime value of each horizon, or a reason."
    meta: dict[str, str] = chinese("每个可评分的客户在每个预测期都有生命周期价值或未知原因。")


class ExpectProbabilityOfBuying(NonePromise):
    column: str = "improbable_count"
    description: str = "A probability of buying lies between 0 and 1."
    meta: dict[str, str] = chinese("购买概率在 0 到 1 之间。")


def suite(scope: Scope) -> Suite:
    return Suite(
        name="scores_lifetime_values",
        table=f"{scope.build_schema}.fct_account_lifetime_values",
        figures=_figures(scope),
        promises=(
            ExpectRows(),
            ExpectRowsOfTheDay(),
            ExpectNumbersOrUnknown(),
            ExpectNothingNegative(),
            ExpectNoughtExplained(),
            ExpectActiveValued(),
            ExpectProbabilityOfBuying(),
        ),
        row_promises=(),
    )


def _figures(scope: Scope) -> str:
    build = scope.build_schema
    numbers = (*_AMOUNTS, "active_probability", "expected_order_days", "expected_day_amount")
    return f"""select
        count(*) as rows_count,
        count(case when as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
        count(case when {" or ".join(f"{name} = 'NaN'" for name in numbers)} then 1 end) as not_a_number_count,
        count(case when {" or ".join(f"{name} < 0" for name in _AMOUNTS)} then 1 end) as negative_count,
        count(case when (lifetime_value_amount = 0) is distinct from (clv_note is not null)
            and (lifetime_value_amount is not null or clv_note is not null)
            or (lifetime_value_amount is null) <> (unknown_reason is not null) then 1 end) as unexplained_count,
        count(case when active_probability < 0 or active_probability > 1 then 1 end) as improbable_count,
        (select count(*) from {build}.fct_churn_features as features
            cross join {build}.policy_lifetime_horizons as horizons
            left join {build}.fct_account_lifetime_values as lifetimes
                on features.account_id = lifetimes.account_id and horizons.months_count = lifetimes.months_count
            where features.is_current and features.is_eligible and horizons.is_told
                and features.days_since_last_order is not null
                and lifetimes.account_id is null) as unvalued_count
    from {build}.fct_account_lifetime_values"""
