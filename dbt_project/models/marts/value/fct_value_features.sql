with measures as (select * from {{ ref('int_account_snapshots_measured') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

policy as ({{ policy_values(['clv_window_days']) }}),

retained as (

    {{ clv_retained('measures') }}

),

final as (

    select
        measures.account_id,
        cast(measures.net_revenue_total_amount as numeric(18, 4)) as net_revenue_total_amount,
        {{ clv_amount(
            'measures.clv_window_amount', 'policy.clv_window_days', 1, 'retained.retention_rate',
        ) }} as formula_month_amount,
        measures.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from measures
    cross join policy
    left join retained on measures.snapshot_date = retained.snapshot_date
    where measures.first_order_date is not null

)

{{ final_and_carried('snapshot_dates') }}
