"""raw.payments: what arrives as payments of invoices."""

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
from expectations.raw_figures import arrival_figures, as_of, business_date, known_keys, latest
from expectations.suite import Scope, Suite


class ExpectPaidInvoicesKnown(FigurePromise):
    column: str = "unknown_invoice_rate"
    max_value: float = 0.01
    severity: FailureSeverity = WARNING
    description: str = "Hardly any payment is for an invoice that we do not know; its invoice would stay open."
    meta: dict[str, str] = chinese("极少付款对应未知发票；否则相应发票会一直显示未付。")


def suite(scope: Scope) -> Suite:
    promises = [
        ExpectRows(),
        ExpectEveryRowNamed(),
        ExpectLedgerAgrees(),
        ExpectUsualVolume(),
        ExpectNothingFromTheFuture(),
    ]
    if "invoices" in scope.mapped:
        promises.append(ExpectPaidInvoicesKnown())
    return Suite(name="raw_payments", table="raw.payments", figures=_figures(scope), promises=tuple(promises))


def _figures(scope: Scope) -> str:
    paid_date = business_date("payments.paid_at", scope)
    return f"""select
        count(*) as rows_count,
        count(case when coalesce(payments.payment_id, '') = '' then 1 end) as unnamed_count,
        count(case when {paid_date} > {as_of(scope)} then 1 end) as future_count,
        count(case when invoices.invoice_id is null then 1 end) / greatest(count(*), 1.0) as unknown_invoice_rate,
        {arrival_figures("payments", scope)}
    from {latest("payments", scope)} as payments
    left join {known_keys("invoices", "source, invoice_id", scope)} as invoices
        on payments.source = invoices.source and payments.invoice_id = invoices.invoice_id"""
