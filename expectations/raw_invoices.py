"""raw.invoices: what arrives as invoices and credit notes."""

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
    chinese,
)
from expectations.raw_figures import account_key, arrival_figures, as_of, business_date, known_accounts, latest
from expectations.suite import Scope, Suite


class ExpectInvoicedAccounts(FigurePromise):
    column: str = "unknown_account_rate"
    max_value: float = 0.01
    severity: FailureSeverity = WARNING
    description: str = "Hardly any invoice belongs to an unknown account; such a debt is in nobody's figures."
    meta: dict[str, str] = chinese("极少发票属于未知客户；这样的应收款不在任何客户的指标里。")


class ExpectDueAfterInvoice(FigurePromise):
    column: str = "due_before_invoice_rate"
    max_value: float = 0.01
    severity: FailureSeverity = WARNING
    description: str = "Invoices are due on or after their own day; swapped dates would make everyone late."
    meta: dict[str, str] = chinese("发票到期日不早于开票日；日期颠倒会让所有客户显示逾期。")


def suite(scope: Scope) -> Suite:
    promises = [
        ExpectRows(),
        ExpectEveryRowNamed(),
        ExpectLedgerAgrees(),
        ExpectUsualVolume(),
        ExpectNothingFromTheFuture(),
        ExpectDueAfterInvoice(),
    ]
    if "accounts" in scope.mapped:
        promises.append(ExpectInvoicedAccounts())
    return Suite(name="raw_invoices", table="raw.invoices", figures=_figures(scope), promises=tuple(promises))


def _figures(scope: Scope) -> str:
    invoiced_date = business_date("invoices.invoiced_at", scope)
    return f"""select
        count(*) as rows_count,
        count(case when coalesce(invoices.invoice_id, '') = '' then 1 end) as unnamed_count,
        count(case when {invoiced_date} > {as_of(scope)} then 1 end) as future_count,
        count(case when invoices.due_date < {invoiced_date} then 1 end)
            / greatest(count(*), 1.0) as due_before_invoice_rate,
        count(case when accounts.account_id is null then 1 end) / greatest(count(*), 1.0) as unknown_account_rate,
        {arrival_figures("invoices", scope)}
    from {latest("invoices", scope)} as invoices
    left join {known_accounts(scope)} as accounts on {account_key("invoices", scope)} = accounts.account_id"""
