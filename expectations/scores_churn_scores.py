"""fct_churn_scores: what the model or a rule says of every eligible account."""

from __future__ import annotations

from datetime import timedelta

import great_expectations.expectations as gxe

from expectations.marts_figures import ExpectFewMoves, ExpectRowsOfTheDay, moved_rate
from expectations.promises import ExpectRows, FigurePromise, NonePromise, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite

LEAST_ACCOUNTS_FOR_SPREAD = 20


class ExpectOneScoreEach(gxe.ExpectColumnValuesToBeUnique):
    column: str = "account_id"
    description: str = "An account is scored once; two scores would put it on two places of a list."
    meta: dict[str, str] = chinese("每个客户只评分一次；两个分数会让它在清单上出现两次。")


class ExpectScored(gxe.ExpectColumnValuesToNotBeNull):
    column: str = "churn_probability"
    description: str = "Every score is there: an account without one would be passed over in silence."
    meta: dict[str, str] = chinese("每个分数都存在：缺分的客户会被悄悄漏掉。")


class ExpectProbability(gxe.ExpectColumnValuesToBeBetween):
    column: str = "churn_probability"
    min_value: float = 0
    max_value: float = 1
    description: str = "A churn probability lies between 0 and 1."
    meta: dict[str, str] = chinese("流失概率在 0 到 1 之间。")


class ExpectKnownBand(gxe.ExpectColumnValuesToBeInSet):
    """Its value_set is the policy's: policy_churn_bands."""

    column: str = "band_code"
    description: str = "Every score is in a band of the policy, since plays and reports are chosen by band."
    meta: dict[str, str] = chinese("每个分数都属于策略定义的风险档，应对方案和报表都按档选择。")


class ExpectBand(gxe.ExpectColumnValuesToNotBeNull):
    column: str = "band_code"
    description: str = "Every score has a band."
    meta: dict[str, str] = chinese("每个分数都有风险档。")


class ExpectEligibleScored(FigurePromise):
    column: str = "scored_rate"
    min_value: float = 0.95
    description: str = "Nearly every account that can be scored is scored."
    meta: dict[str, str] = chinese("几乎所有可评分的客户都已评分。")


class ExpectNobodyElseScored(NonePromise):
    column: str = "stranger_count"
    description: str = "Only accounts that can be scored are scored: long gone customers do not belong on a list."
    meta: dict[str, str] = chinese("只给可评分的客户评分：早已流失的客户不应出现在清单上。")


class ExpectSpread(FigurePromise):
    column: str = "same_score_rate"
    max_value: float = 0.9
    description: str = "Scores differ: when nearly all are equal, the list is in no order at all."
    meta: dict[str, str] = chinese("分数有高有低：如果几乎全都相同，清单就没有先后可言。")


class ExpectFewBandMoves(ExpectFewMoves):
    """Stops nothing: the marts are published, and ops.why_churn_lists_are_held holds the lists for a person."""

    max_value: float = 0.20
    description: str = "Few accounts change their risk band from one day to the next; else the lists are held."
    meta: dict[str, str] = chinese("相邻两天只有少数客户改变风险档，否则清单暂缓发送。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectRowsOfTheDay(), ExpectEligibleScored(), ExpectNobodyElseScored(), ExpectSpread()]
    has_yesterday = "fct_churn_scores" in scope.live_marts and scope.live_as_of == scope.as_of - timedelta(days=1)
    if has_yesterday:
        promises.append(ExpectFewBandMoves())
    return Suite(
        name="scores_churn_scores",
        table=f"{scope.build_schema}.fct_churn_scores",
        figures=_figures(scope, has_yesterday=has_yesterday),
        promises=tuple(promises),
        row_promises=(
            ExpectOneScoreEach(),
            ExpectScored(),
            ExpectProbability(),
            ExpectBand(),
            ExpectKnownBand(value_set=list(scope.band_codes)),
        ),
    )


def _figures(scope: Scope, *, has_yesterday: bool) -> str:
    build = scope.build_schema
    return f"""select
        figures.*,
        case when eligible_count = 0 then 1 else scored_count / cast(eligible_count as numeric) end as scored_rate,
        case when rows_count < {LEAST_ACCOUNTS_FOR_SPREAD} then 0
            else most_frequent_count / cast(rows_count as numeric) end as same_score_rate,
        {moved_rate("fct_churn_scores", "band_code", scope) if has_yesterday else "0"} as moved_rate
    from (
        select
            count(scores.account_id) as rows_count,
            count(case when scores.as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
            count(distinct eligible.account_id) as eligible_count,
            count(distinct case when eligible.account_id is not null then scores.account_id end) as scored_count,
            count(case when eligible.account_id is null then 1 end) as stranger_count,
            coalesce((select max(amount) from (
                select count(*) as amount from {build}.fct_churn_scores group by churn_probability
            ) as scores_by_value), 0) as most_frequent_count
        from (
            select account_id from {build}.fct_churn_features where is_current and is_eligible
        ) as eligible
        full outer join {build}.fct_churn_scores as scores on eligible.account_id = scores.account_id
    ) as figures"""
