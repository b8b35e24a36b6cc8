"""fct_churn_lists: what account managers get in the morning."""

from __future__ import annotations

import great_expectations.expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.marts_figures import ExpectRowsOfTheDay
from expectations.promises import WARNING, ExpectRows, NonePromise, chinese
from expectations.raw_figures import as_of
from expectations.suite import Scope, Suite


class ExpectListedRows(ExpectRows):
    """Told only: a company may have nobody at risk."""

    severity: FailureSeverity = WARNING
    description: str = "Somebody is on a list; a morning without any account to call is rare."
    meta: dict[str, str] = chinese("清单上有客户；没有任何客户需要联系的早晨很少见。")


class ExpectListedOnce(gxe.ExpectColumnValuesToBeUnique):
    column: str = "account_id"
    description: str = "An account is on one list, once: two calls to one customer look careless."
    meta: dict[str, str] = chinese("每个客户只在一份清单上出现一次：重复联系显得不专业。")


class ExpectListedAccount(gxe.ExpectColumnValuesToNotBeNull):
    column: str = "account_id"
    description: str = "Every row of a list names its account."
    meta: dict[str, str] = chinese("清单的每一行都有客户编号。")


class ExpectAnOwner(gxe.ExpectColumnValuesToNotBeNull):
    column: str = "account_manager_id"
    description: str = "Every row of a list has an account manager to send it to."
    meta: dict[str, str] = chinese("清单的每一行都有负责人。")


class ExpectListedProbability(gxe.ExpectColumnValuesToBeBetween):
    column: str = "churn_probability"
    min_value: float = 0
    max_value: float = 1
    description: str = "A listed churn probability lies between 0 and 1."
    meta: dict[str, str] = chinese("清单上的流失概率在 0 到 1 之间。")


class ExpectReason(gxe.ExpectColumnValuesToNotBeNull):
    column: str = "reason_1_code"
    mostly: float = 0.95
    severity: FailureSeverity = WARNING
    description: str = "Nearly every row of a list says why: an account manager cannot act on a bare number."
    meta: dict[str, str] = chinese("清单的几乎每一行都说明原因：负责人无法凭一个数字采取行动。")


class ExpectRiskIsListed(NonePromise):
    column: str = "unlisted_risk_count"
    severity: FailureSeverity = WARNING
    description: str = "The lists are not empty while scores say that accounts are at high risk."
    meta: dict[str, str] = chinese("评分显示有高风险客户时，清单不能为空。")


class ExpectKnownOwners(NonePromise):
    column: str = "unknown_owner_count"
    description: str = "Every list belongs to an account manager we know, or to the fallback; nobody else is mailed."
    meta: dict[str, str] = chinese("每份清单都属于已知负责人或后备负责人；不会发给其他人。")


class ExpectRanksInOrder(NonePromise):
    column: str = "broken_ranking_count"
    description: str = "The ranks of every list run 1, 2, 3 to its end."
    meta: dict[str, str] = chinese("每份清单的名次从 1 连续排到末尾。")


class ExpectCapacityKept(NonePromise):
    column: str = "overfull_list_count"
    description: str = (
        "No list holds more accounts at risk than its account manager, and who is away and covered, can call."
    )
    meta: dict[str, str] = chinese("清单上的风险客户数不超过负责人及其所代理的缺勤人员能联系的数量。")


class ExpectOwnRows(NonePromise):
    column: str = "foreign_row_count"
    description: str = "Every row goes to who owns the account or stands in for its owner who is away; to nobody else."
    meta: dict[str, str] = chinese("清单的每一行只发给客户的负责人，或其缺勤期间的代理人；不会发给其他人。")


class ExpectListedAsScored(NonePromise):
    column: str = "not_as_scored_count"
    description: str = "Every listed account carries the probability and band that it was scored with."
    meta: dict[str, str] = chinese("清单上的概率和风险档与评分完全一致。")


class ExpectNoInternalAccounts(NonePromise):
    column: str = "internal_count"
    description: str = "The company's own accounts are on no list."
    meta: dict[str, str] = chinese("公司内部账户不会出现在清单上。")


class ExpectNobodyHeldOut(NonePromise):
    column: str = "held_out_count"
    description: str = "Nobody whom a programme leaves out by chance is on a list; a call would spoil the comparison."
    meta: dict[str, str] = chinese("项目随机保留的客户不会出现在任何清单上；否则对照失效。")


def suite(scope: Scope) -> Suite:
    return Suite(
        name="scores_churn_lists",
        table=f"{scope.build_schema}.fct_churn_lists",
        figures=_figures(scope),
        promises=(
            ExpectListedRows(),
            ExpectRowsOfTheDay(),
            ExpectRiskIsListed(),
            ExpectKnownOwners(),
            ExpectRanksInOrder(),
            ExpectCapacityKept(),
            ExpectOwnRows(),
            ExpectListedAsScored(),
            ExpectNoInternalAccounts(),
            ExpectNobodyHeldOut(),
        ),
        row_promises=(
            ExpectListedOnce(),
            ExpectListedAccount(),
            ExpectAnOwner(),
            ExpectListedProbability(),
            ExpectReason(),
        ),
    )


def _figures(scope: Scope) -> str:
    build = scope.build_schema
    fallback = scope.fallback_manager_id.replace("'", "''")
    return f"""select
        figures.*,
        case when rows_count = 0 then high_risk_count else 0 end as unlisted_risk_count
    from (
        select
            count(*) as rows_count,
            count(case when lists.as_of_date <> {as_of(scope)} then 1 end) as other_day_count,
            count(case when managers.account_manager_id is null and lists.account_manager_id <> '{fallback}'
                then 1 end) as unknown_owner_count,
            count(case when lists.churn_probability is distinct from scores.churn_probability
                or lists.band_code is distinct from scores.band_code then 1 end) as not_as_scored_count,
            count(case when accounts.is_internal then 1 end) as internal_count,
            count(case when coalesce(owners.covered_by_id, owners.account_manager_id, '{fallback}')
                is distinct from lists.account_manager_id then 1 end) as foreign_row_count,
            count(case when lists.account_id in (
                select account_id from {build}.fct_programme_assignments where arm = 'holdout'
            ) then 1 end) as held_out_count,
            {_of_lists(scope)},
            (select count(*) from {build}.fct_churn_scores where band_code = (
                select band_code from {build}.policy_churn_bands order by probability_from desc limit 1
            )) as high_risk_count
        from {build}.fct_churn_lists as lists
        left join {build}.dim_account_managers as managers
            on lists.account_manager_id = managers.account_manager_id
        left join {build}.fct_churn_scores as scores on lists.account_id = scores.account_id
        left join {build}.dim_accounts as accounts on lists.account_id = accounts.account_id
        left join {build}.dim_account_managers as owners
            on accounts.account_manager_id = owners.account_manager_id and owners.is_active
    ) as figures"""


def _of_lists(scope: Scope) -> str:
    build = scope.build_schema
    by_manager = f"""(select lists.account_manager_id, count(*) as length,
                    count(case when lists.status_code <> 'recovered' then 1 end) as risky,
                    count(distinct lists.rank) as ranks, min(lists.rank) as first, max(lists.rank) as last
                from {build}.fct_churn_lists as lists group by lists.account_manager_id) as lists"""
    usual = f"(select cast(value as numeric) from {build}.policy_parameters where parameter = 'list_capacity')"
    return f"""(select count(*) from {by_manager}
                where first <> 1 or last <> length or ranks <> length) as broken_ranking_count,
            (select count(*) from {by_manager}
                left join {build}.dim_account_managers as managers
                    on lists.account_manager_id = managers.account_manager_id
                where risky > coalesce(managers.list_capacity, {usual}) + (
                    select coalesce(sum(coalesce(away.list_capacity, {usual})), 0)
                    from {build}.dim_account_managers as away
                    where away.covered_by_id = lists.account_manager_id
                )) as overfull_list_count"""
