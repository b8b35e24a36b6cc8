"""raw.order_lines: what arrives as lines of orders."""

from __future__ import annotations

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.promises import (
    WARNING,
    ExpectEveryRowNamed,
    ExpectLedgerAgrees,
    ExpectRows,
    ExpectUsualVolume,
    FigurePromise,
    NonePromise,
    chinese,
)
from expectations.raw_figures import arrival_figures, known_keys, latest
from expectations.suite import Scope, Suite

LARGEST_AMOUNT = 1_000_000_000
LEAST_LINES_TO_COMPARE = 30


class ExpectKnownOrders(NonePromise):
    column: str = "orphan_count"
    severity: FailureSeverity = WARNING
    description: str = "Every line belongs to an order that arrived; a line without one is left out of revenue."
    meta: dict[str, str] = chinese("每行明细都属于已到达的订单；没有订单的明细不计入收入。")


class ExpectFewOrphanLines(FigurePromise):
    column: str = "orphan_rate"
    max_value: float = 0.01
    description: str = "Hardly any line lacks its order: more means that the orders did not arrive whole."
    meta: dict[str, str] = chinese("极少明细缺少订单：超过限度说明订单没有完整到达。")


class ExpectSaneAmounts(NonePromise):
    column: str = "insane_amount_count"
    description: str = "Amounts are numbers below a thousand million: a larger one is an id in the wrong column."
    meta: dict[str, str] = chinese("金额都是十亿以下的数字：更大的多半是把编号放进了金额列。")


class ExpectSameUnit(FigurePromise):
    column: str = "unit_rate"
    min_value: float = 0.05
    max_value: float = 20.0
    description: str = "Tonight's typical line costs about what it always did: a hundredfold is cents for currency."
    meta: dict[str, str] = chinese("今晚明细的典型金额与以往相当：相差百倍多半是把分当成了元。")


class ExpectKnownProducts(FigurePromise):
    column: str = "unknown_product_rate"
    max_value: float = 0.05
    severity: FailureSeverity = WARNING
    description: str = "Nearly every line names a product that we know, so that it can be told what was bought."
    meta: dict[str, str] = chinese("几乎每行明细都对应已知产品，才能说明买了什么。")


def suite(scope: Scope) -> Suite:
    promises = [
        ExpectRows(),
        ExpectEveryRowNamed(),
        ExpectLedgerAgrees(),
        ExpectUsualVolume(),
        ExpectKnownOrders(),
        ExpectFewOrphanLines(),
        ExpectSaneAmounts(),
        ExpectSameUnit(),
    ]
    if "products" in scope.mapped:
        promises.append(ExpectKnownProducts())
    return Suite(name="raw_order_lines", table="raw.order_lines", figures=_figures(scope), promises=tuple(promises))


def _figures(scope: Scope) -> str:
    has_products = "products" in scope.mapped
    product_join = (
        f"left join {known_keys('products', 'product_id', scope)} as products on lines.product_id = products.product_id"
        if has_products
        else ""
    )
    unknown_product = "products.product_id is null and lines.product_id is not null" if has_products else "false"
    is_sane = f"abs(lines.net_amount) < {LARGEST_AMOUNT}"  # false for NaN, which PostgreSQL holds above all numbers
    return f"""select
        figures.*,
        figures.orphan_count / greatest(figures.rows_count, 1.0) as orphan_rate,
        figures.unknown_product_count / greatest(figures.rows_count, 1.0) as unknown_product_rate,
        case when least(tonight_lines, earlier_lines) < {LEAST_LINES_TO_COMPARE} or earlier_amount = 0 then 1
            else tonight_amount / earlier_amount end as unit_rate
    from (
        select
            count(*) as rows_count,
            count(case when coalesce(lines.order_line_id, '') = '' then 1 end) as unnamed_count,
            count(case when orders.order_id is null then 1 end) as orphan_count,
            count(case when {unknown_product} then 1 end) as unknown_product_count,
            count(case when {is_sane} then null else 1 end) as insane_amount_count,
            count(case when lines.gen = {scope.gen} then 1 end) as tonight_lines,
            count(case when lines.gen < {scope.gen} then 1 end) as earlier_lines,
            percentile_cont(0.5) within group (order by case when lines.gen = {scope.gen} and {is_sane}
                then abs(cast(lines.net_amount as double precision)) end) as tonight_amount,
            percentile_cont(0.5) within group (order by case when lines.gen < {scope.gen} and {is_sane}
                then abs(cast(lines.net_amount as double precision)) end) as earlier_amount,
            {arrival_figures("order_lines", scope)}
        from {latest("order_lines", scope)} as lines
        left join {known_keys("orders", "source, order_id", scope)} as orders
            on lines.source = orders.source and lines.order_id = orders.order_id
        {product_join}
    ) as figures"""
