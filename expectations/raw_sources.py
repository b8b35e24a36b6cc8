"""ops.source_nights: whether every source delivered for the night's day."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import WARNING, ExpectRows, NonePromise, chinese
from expectations.suite import Scope, Suite


class ExpectSourcesDelivered(NonePromise):
    column: str = "stale_sources_count"
    severity: FailureSeverity = WARNING
    description: str = "Every source delivered for the night's day; one that did not is carried forward as it was."
    meta: dict[str, str] = chinese("每个数据来源都交付了当晚营业日的数据；未交付的沿用其上次的数据。")


class ExpectNoOldSource(NonePromise):
    column: str = "longest_stale_days"
    severity: FailureSeverity = WARNING
    description: str = "No source is carried forward; the figure is how many days old the oldest one is."
    meta: dict[str, str] = chinese("没有沿用旧数据的来源；数值为最旧来源的滞后天数。")


def suite(scope: Scope) -> Suite:
    return Suite(
        name="raw_sources",
        table="ops.source_nights",
        figures=_figures(scope),
        promises=(ExpectRows(), ExpectSourcesDelivered(), ExpectNoOldSource()),
    )


def _figures(scope: Scope) -> str:
    return f"""select
        count(*) as rows_count,
        count(case when coalesce(stale_days, 1) > 0 then 1 end) as stale_sources_count,
        coalesce(max(stale_days), 0) as longest_stale_days
    from ops.source_nights
    where gen = {scope.gen}"""
