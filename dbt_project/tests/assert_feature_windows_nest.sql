-- A longer window holds the shorter ones, and no snapshot is later than the day or
-- before the first order.
select
    account_id,
    snapshot_date
from {{ ref('fct_churn_features') }}
where
    order_days_30d_count > order_days_90d_count
    or order_days_90d_count > order_days_180d_count
    or order_days_180d_count > order_days_365d_count
    or order_days_365d_count > order_days_total_count
    or days_since_last_order < 0
    or days_since_last_order > tenure_days
    or snapshot_date > as_of_date
