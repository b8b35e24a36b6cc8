"""raw.products: what arrives as products."""

from __future__ import annotations

from expectations.promises import ExpectEveryRowNamed, ExpectLedgerAgrees, ExpectRows, ExpectUsualVolume
from expectations.raw_figures import arrival_figures, latest
from expectations.suite import Scope, Suite


def suite(scope: Scope) -> Suite:
    figures = f"""select
        count(*) as rows_count,
        count(case when coalesce(product_id, '') = '' then 1 end) as unnamed_count,
        {arrival_figures("products", scope)}
    from {latest("products", scope)} as products"""
    return Suite(
        name="raw_products",
        table="raw.products",
        figures=figures,
        promises=(ExpectRows(), ExpectEveryRowNamed(), ExpectLedgerAgrees(), ExpectUsualVolume()),
    )
