"""raw.accounts: what arrives as accounts."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import (
    WARNING,
    ExpectEveryRowNamed,
    ExpectLedgerAgrees,
    ExpectRows,
    ExpectUsualVolume,
    FigurePromise,
    chinese,
)
from expectations.raw_figures import arrival_figures, known_keys, latest
from expectations.suite import Scope, Suite


class ExpectKnownManagers(FigurePromise):
    column: str = "unknown_manager_rate"
    max_value: float = 0.05
    severity: FailureSeverity = WARNING
    description: str = "Nearly every account with a manager names one we know; the others go to the fallback's list."
    meta: dict[str, str] = chinese("几乎所有分配了负责人的客户，其负责人都是已知的；其余进入后备负责人的清单。")


def suite(scope: Scope) -> Suite:
    promises = [ExpectRows(), ExpectEveryRowNamed(), ExpectLedgerAgrees(), ExpectUsualVolume()]
    if "account_managers" in scope.mapped:
        promises.append(ExpectKnownManagers())
    return Suite(name="raw_accounts", table="raw.accounts", figures=_figures(scope), promises=tuple(promises))


def _figures(scope: Scope) -> str:
    return f"""select
        count(*) as rows_count,
        count(case when coalesce(accounts.account_id, '') = '' then 1 end) as unnamed_count,
        count(case when accounts.account_manager_id is not null and managers.account_manager_id is null then 1 end)
            / greatest(count(accounts.account_manager_id), 1.0) as unknown_manager_rate,
        {arrival_figures("accounts", scope)}
    from {latest("accounts", scope)} as accounts
    left join {known_keys("account_managers", "account_manager_id", scope)} as managers
        on accounts.account_manager_id = managers.account_manager_id"""
