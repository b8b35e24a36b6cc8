-- Snapshots and dim_accounts count order days by different ways; on as_of_date both
-- must say the same.
with accounts as (select * from {{ ref('int_accounts_measured') }}),

features as (select * from {{ ref('fct_churn_features') }})

select
    accounts.account_id,
    accounts.order_days_count,
    features.order_days_total_count,
    accounts.last_order_date,
    features.days_since_last_order
from accounts
left join features
    on accounts.account_id = features.account_id and features.is_current
where
    accounts.order_days_count <> coalesce(features.order_days_total_count, 0)
    or {{ days_between('accounts.last_order_date', 'accounts.as_of_date') }}
    <> features.days_since_last_order
