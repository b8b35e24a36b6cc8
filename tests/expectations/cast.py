"""A company small enough to reckon by hand, sound in every promise: tests spoil one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from expectations.outcome import Outcome
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.night import Claim, Night

Look = Callable[..., dict[str, Outcome]]

AS_OF = date(2026, 3, 31)
ZONE = "Europe/Berlin"
CANARY = "Wang Fang-Canary"
BUILD = "build_7_1"
ENTITIES = ("accounts", "account_managers", "products", "orders", "order_lines", "invoices", "payments")

RAW_GOOD = """
insert into ops.sources values ('erp', 'files', 1) on conflict do nothing;
insert into raw.accounts (source, record_id, content_hash, known_at, gen, account_id, account_name, account_manager_id,
    is_internal, created_at)
select 'erp', 'A' || i, 'h', timestamptz '2026-01-01', 1, 'A' || i, 'Wang Fang-Canary ' || i, 'M' || (1 + i % 3), false,
    timestamptz '2025-01-01' from generate_series(1, 40) as i;
insert into raw.account_managers (source, record_id, content_hash, known_at, gen, account_manager_id,
    account_manager_name, email, language, is_active, list_capacity)
select 'erp', 'M' || i, 'h', timestamptz '2026-01-01', 1, 'M' || i, 'Wang Fang-Canary', 'm' || i || '@example.com',
    'zh', true, 20 from generate_series(1, 3) as i;
insert into raw.products (source, record_id, content_hash, known_at, gen, product_id, product_name, unit_cost)
select 'erp', 'P' || i, 'h', timestamptz '2026-01-01', 1, 'P' || i, 'Valve ' || i, 3 from generate_series(1, 5) as i;
insert into raw.orders (source, record_id, content_hash, known_at, gen, order_id, account_id, ordered_at, status,
    currency_code)
select 'erp', 'O' || i, 'h', case when i > 150 then timestamptz '2026-03-31 20:00+02' else '2026-02-01' end,
    case when i > 150 then 7 else 1 end, 'O' || i, 'A' || (1 + i % 40),
    timestamptz '2026-03-31 12:00+02' - (200 - i) * interval '1 day', 'done', 'EUR'
from generate_series(1, 200) as i;
insert into raw.order_lines (source, record_id, content_hash, known_at, gen, order_line_id, order_id, product_id,
    line_kind, quantity, net_amount)
select 'erp', 'L' || i, 'h', case when i > 300 then timestamptz '2026-03-31 20:00+02' else '2026-02-01' end,
    case when i > 300 then 7 else 1 end, 'L' || i, 'O' || (1 + (i - 1) / 2), 'P' || (1 + i % 5), 'product', 1, 100
from generate_series(1, 400) as i;
insert into raw.invoices (source, record_id, content_hash, known_at, gen, invoice_id, account_id, kind, invoiced_at,
    due_date, amount)
select 'erp', 'I' || i, 'h', timestamptz '2026-02-01', 1, 'I' || i, 'A' || (1 + i % 40), 'invoice',
    timestamptz '2026-01-15 12:00+01', date '2026-02-15', 119 from generate_series(1, 50) as i;
insert into raw.payments (source, record_id, content_hash, known_at, gen, payment_id, invoice_id, paid_at, amount)
select 'erp', 'Y' || i, 'h', timestamptz '2026-02-01', 1, 'Y' || i, 'I' || i, timestamptz '2026-01-20 12:00+01', 119
from generate_series(1, 50) as i;
insert into ops.extracts (gen, attempt, source, entity, dataset, as_of, is_full, state, extracted_count, new_count,
    seconds)
values (7, 1, 'erp', 'orders', 'd', '2026-03-31', false, 'loaded', 50, 50, 1),
    (7, 1, 'erp', 'order_lines', 'd', '2026-03-31', false, 'loaded', 100, 100, 1);
"""

MARTS_GOOD = """
create table policy_line_kinds as select * from (values ('product', true), ('shipping', false))
    as kinds (line_kind, counts_as_revenue);
create table policy_churn_bands as select * from (values ('low', 0.0), ('medium', 0.3), ('high', 0.6))
    as bands (band_code, probability_from);
create table policy_parameters as select 'list_capacity' as parameter, '20' as value;
create table dim_accounts as select 'A' || i as account_id, 'Wang Fang-Canary ' || i as account_name,
    'M' || (1 + i % 3) as account_manager_id, false as is_internal, true as is_customer,
    cast(5 as bigint) as order_days_count, cast(1000 as numeric) as net_revenue_amount, date '2026-03-31' as as_of_date,
    'non_contractual' as contract_mode from generate_series(1, 40) as i;
create table dim_account_managers as select 'M' || i as account_manager_id, 20 as list_capacity,
    true as is_active, cast(null as text) as covered_by_id, date '2026-03-31' as as_of_date
    from generate_series(1, 3) as i;
create table fct_order_lines as select 'erp|L' || i as order_line_key,
    'A' || (1 + (1 + (i - 1) / 2) % 40) as account_id,
    cast(100 as numeric) as net_amount, true as is_attributed, true as is_revenue, date '2026-03-31' as as_of_date
    from generate_series(1, 400) as i;
create table fct_account_rfm as select 'A' || i as account_id, 'champions' as segment_code,
    date '2026-03-31' as as_of_date from generate_series(1, 40) as i;
create table fct_account_abc as select 'A' || i as account_id, 'A' as abc_class, date '2026-03-31' as as_of_date
    from generate_series(1, 40) as i;
create table fct_account_lifecycle_months as select 'A' || i as account_id, 'growing' as stage_code,
    day = date '2026-03-31' as is_current, day as snapshot_date, date '2026-03-31' as as_of_date
    from generate_series(1, 40) as i cross join (values (date '2026-02-28'), (date '2026-03-31')) as days (day);
create table fct_churn_features as select 'A' || i as account_id, true as is_eligible,
    day = date '2026-03-31' as is_current, 10 as days_since_last_order, cast(5 as bigint) as order_days_365d_count,
    cast(500 as numeric) as net_revenue_90d_amount, cast(1000 as numeric) as net_revenue_365d_amount,
    cast(40 as double precision) as typical_gap_days, cast(0.25 as double precision) as overdue_ratio,
    cast(200 as numeric) as average_order_day_amount, day as snapshot_date, date '2026-03-31' as as_of_date,
    cast(null as integer) as contract_tenure_days, cast(null as numeric) as mrr_amount
    from generate_series(1, 40) as i cross join (values (date '2026-02-28'), (date '2026-03-31')) as days (day);
"""

SCORES_GOOD = """
create table fct_churn_scores as select 'A' || i as account_id, 'model' as method_code,
    cast(i / 41.0 as double precision) as churn_probability,
    case when i / 41.0 < 0.3 then 'low' when i / 41.0 < 0.6 then 'medium' else 'high' end as band_code,
    'overdue' as reason_1_code, date '2026-03-31' as as_of_date from generate_series(1, 40) as i;
create table fct_churn_lists as select managers.account_manager_id, cast(row_number() over (
        partition by managers.account_manager_id order by scores.churn_probability desc) as integer) as rank,
    scores.account_id, 'Wang Fang-Canary' as account_name, scores.churn_probability, scores.band_code,
    scores.reason_1_code, 'new' as status_code, date '2026-03-31' as as_of_date
    from fct_churn_scores as scores inner join dim_accounts as managers using (account_id)
    where scores.band_code = 'high';
create table policy_lifetime_horizons as select * from (values (6, false), (12, true), (24, true))
    as horizons (months_count, is_told);
create table fct_account_lifetime_values as select 'A' || i || '|' || months_count as lifetime_value_key,
    'A' || i as account_id, months_count, case when i > 2 then cast(i * months_count as numeric) else 0 end
    as lifetime_value_amount, cast(i as numeric) as formula_amount, cast(i as numeric) as buying_amount,
    cast(null as numeric) as two_part_amount, cast(0.5 as double precision) as active_probability,
    cast(3 as double precision) as expected_order_days, cast(i as numeric) as expected_day_amount,
    cast(0 as numeric) as low_amount, cast(i * 99 as numeric) as high_amount,
    case when i <= 2 then 'given_back' end as clv_note, cast(null as text) as unknown_reason,
    date '2026-03-31' as as_of_date from generate_series(1, 40) as i cross join policy_lifetime_horizons where is_told;
create table fct_programme_assignments as select 'save' as programme_code, 'A' || i as account_id,
    case when i < 25 then 'holdout' else 'treated' end as arm from generate_series(20, 40) as i;
"""

LIVE_MARTS = (
    "dim_accounts", "fct_account_rfm", "fct_account_abc", "fct_account_lifecycle_months", "fct_churn_scores",
)  # fmt: skip


def company(*, without: tuple[str, ...] = (), optional: tuple[str, ...] = (), **extra: Any) -> Company:
    """Return a company of one source that delivers every entity but those of `without`."""
    entities: dict[str, dict[str, Any]] = {name: {"from": name} for name in ENTITIES if name not in without}
    if "orders" in entities:
        entities["orders"]["optional"] = list(optional)
    return Company.model_validate(
        {
            "company": "tiny",
            "name": {"en": "Tiny Trading", "zh": "小小贸易"},
            "currency": "EUR",
            "timezone": ZONE,
            "fallback_manager": {
                "account_manager_id": "desk",
                "account_manager_name": "Desk",
                "email": "d@example.com",
            },
            "sources": [{"name": "erp", "kind": "files", "entities": entities, **extra}],
        }
    )


def open_night(warehouse: Warehouse, folder: Path, *, stage: str) -> tuple[Night, Claim]:
    """Open generation 7 and claim a check of it."""
    with warehouse.connect_admin() as connection:
        connection.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, build_schema)"
            " values (7, 'night-2026-03-31', %s, %s, %s) on conflict do nothing",
            (AS_OF, ZONE, BUILD),
        )
        row = connection.execute("select fence::text from ops.runs where gen = 7").fetchone()
    if row is None:
        raise LookupError("no run")
    night = Night(
        gen=7, run_id="night-2026-03-31", attempt=1, fence=row[0], as_of=AS_OF, company_id="tiny", timezone=ZONE,
        build_schema=BUILD, folder=folder,
    )  # fmt: skip
    return night, claim_stage(warehouse, night, stage=stage)


def claim_stage(warehouse: Warehouse, night: Night, *, stage: str) -> Claim:
    with warehouse.connect(Role.CHECKER) as connection:
        row = connection.execute(
            "select token::text, number from ops.claim_stage(7, %s, %s, '')", (night.fence, f"check_{stage}")
        ).fetchone()
    if row is None:
        raise LookupError("no claim")
    return Claim(night=night, stage=f"check_{stage}", part="", token=row[0], number=row[1])


def fill_raw(warehouse: Warehouse) -> None:
    run(warehouse, RAW_GOOD)


def fill_build(warehouse: Warehouse) -> None:
    """Make the marts, scores and lists of a sound night."""
    with warehouse.connect_admin() as connection:
        connection.execute(f"create schema {BUILD}")
        connection.execute(f"set search_path = {BUILD}")
        connection.execute(MARTS_GOOD)
        connection.execute(SCORES_GOOD)
        connection.execute(f"grant usage on schema {BUILD} to guanxi_checker")
        connection.execute(f"grant select on all tables in schema {BUILD} to guanxi_checker")


def make_live(warehouse: Warehouse, as_of: date) -> None:
    """Let what is built now be the live night of an earlier day: schema bi shows a copy of it."""
    with warehouse.connect_admin() as connection:
        connection.execute("create schema live_copy")
        for mart in LIVE_MARTS:
            name = sql.Identifier(mart)
            connection.execute(sql.SQL("create table live_copy.{0} as select * from build_7_1.{0}").format(name))
            connection.execute(sql.SQL("drop view if exists bi.{} cascade").format(name))
            connection.execute(sql.SQL("create view bi.{0} as select * from live_copy.{0}").format(name))
            connection.execute(sql.SQL("grant select on bi.{} to guanxi_checker").format(name))
        connection.execute(
            "insert into ops.runs (gen, run_id, as_of, timezone, state) values (6, 'earlier', %s, %s, 'published')",
            (as_of, ZONE),
        )
        connection.execute("insert into ops.published (gen, as_of) values (6, %s)", (as_of,))


def run(warehouse: Warehouse, statements: str) -> None:
    with warehouse.connect_admin() as connection:
        spoil(connection, statements)


def spoil(connection: psycopg.Connection, statements: str) -> None:
    connection.execute(f"set search_path = {BUILD}, public")
    connection.execute(statements.encode())
