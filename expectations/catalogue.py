"""Which tables each gate looks at, in the order that people read them."""

from __future__ import annotations

from collections.abc import Callable

from expectations import (
    marts_dim_accounts,
    marts_fct_account_abc,
    marts_fct_account_lifecycle_months,
    marts_fct_account_rfm,
    marts_fct_churn_features,
    marts_fct_order_lines,
    raw_account_managers,
    raw_accounts,
    raw_invoices,
    raw_order_lines,
    raw_orders,
    raw_payments,
    raw_products,
    raw_sources,
    scores_churn_lists,
    scores_churn_scores,
    scores_lifetime_values,
)
from expectations.suite import Scope, Skipped, Stage, Suite

RAW: dict[str, Callable[[Scope], Suite]] = {
    "orders": raw_orders.suite,
    "order_lines": raw_order_lines.suite,
    "accounts": raw_accounts.suite,
    "account_managers": raw_account_managers.suite,
    "products": raw_products.suite,
    "invoices": raw_invoices.suite,
    "payments": raw_payments.suite,
}
MARTS: tuple[Callable[[Scope], Suite], ...] = (
    marts_dim_accounts.suite,
    marts_fct_order_lines.suite,
    marts_fct_account_rfm.suite,
    marts_fct_account_abc.suite,
    marts_fct_account_lifecycle_months.suite,
    marts_fct_churn_features.suite,
)
OF_ORDERS = {
    "marts_fct_order_lines": marts_fct_order_lines.suite,
    "marts_fct_account_rfm": marts_fct_account_rfm.suite,
    "marts_fct_account_abc": marts_fct_account_abc.suite,
    "marts_fct_account_lifecycle_months": marts_fct_account_lifecycle_months.suite,
}
"""The suites of marts that are empty where nobody orders."""
SCORES: tuple[Callable[[Scope], Suite], ...] = (
    scores_churn_scores.suite,
    scores_churn_lists.suite,
    scores_lifetime_values.suite,
)


def suites(stage: Stage, scope: Scope) -> tuple[list[Suite], list[Skipped]]:
    """Return the suites of a stage, and the tables that this company has nothing for."""
    match stage:
        case "raw":
            mapped = [build(scope) for entity, build in RAW.items() if entity in scope.mapped]
            absent = [entity for entity in RAW if entity not in scope.mapped]
            return [raw_sources.suite(scope), *mapped], [
                Skipped(f"raw_{entity}", "the company delivers none") for entity in absent
            ]
        case "marts":
            if "order_lines" in scope.mapped:
                return [build(scope) for build in MARTS], []
            others = [build for build in MARTS if build not in OF_ORDERS.values()]
            return [build(scope) for build in others], [
                Skipped(name, "the company delivers no orders") for name in OF_ORDERS
            ]
        case "scores":
            if "order_lines" in scope.mapped:
                return [build(scope) for build in SCORES], []
            others = [build for build in SCORES if build is not scores_lifetime_values.suite]
            return [build(scope) for build in others], [
                Skipped("scores_lifetime_values", "the company delivers no orders")
            ]
