"""raw.account_managers: what arrives as account managers."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import (
    WARNING,
    ExpectEveryRowNamed,
    ExpectLedgerAgrees,
    ExpectRows,
    FigurePromise,
    NonePromise,
    chinese,
)
from expectations.raw_figures import arrival_figures, latest
from expectations.suite import Scope, Suite


class ExpectAnActiveManager(FigurePromise):
    column: str = "active_count"
    min_value: float = 1
    severity: FailureSeverity = WARNING
    description: str = "At least one account manager is active; otherwise every account goes to the fallback's list."
    meta: dict[str, str] = chinese("至少有一位在职负责人；否则所有客户都会进入后备负责人的清单。")


class ExpectMailAddresses(NonePromise):
    column: str = "bad_address_count"
    severity: FailureSeverity = WARNING
    description: str = "Every active manager has an address that a list can be sent to."
    meta: dict[str, str] = chinese("每位在职负责人都有可以发送清单的邮箱地址。")


def suite(scope: Scope) -> Suite:
    return Suite(
        name="raw_account_managers",
        table="raw.account_managers",
        figures=_figures(scope),
        promises=(
            ExpectRows(),
            ExpectEveryRowNamed(),
            ExpectLedgerAgrees(),
            ExpectAnActiveManager(),
            ExpectMailAddresses(),
        ),
    )


def _figures(scope: Scope) -> str:
    return f"""select
        count(*) as rows_count,
        count(case when coalesce(account_manager_id, '') = '' then 1 end) as unnamed_count,
        count(case when coalesce(is_active, true) then 1 end) as active_count,
        count(case when coalesce(is_active, true) and coalesce(position('@' in email), 0) < 2
            then 1 end) as bad_address_count,
        {arrival_figures("account_managers", scope)}
    from {latest("account_managers", scope)} as managers"""
