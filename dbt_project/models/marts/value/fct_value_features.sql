with measures as (select * from {{ ref('int_account_snapshots_measured') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

policy as ({{ policy_values(['clv_window_days']) }}),

-- the customers of the window before that bought in the window again
retained as (

    select
        snapshot_date,
        cast(
            sum(case when clv_window_days_count > 0 then 1 else 0 end) as {{ type_double() }}
        ) / count(*) as retention_rate
    from measures
    where clv_before_days_count > 0
    group by snapshot_date

),

final as (

    select
        measures.account_id,
        cast(measures.net_revenue_total_amount as numeric(18, 4)) as net_revenue_total_amount,
        cast(
            greatest(0, measures.clv_window_amount) / policy.clv_window_days
            * 365 / 12 * retained.retention_rate as numeric(18, 4)
        ) as formula_month_amount,
        measures.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from measures
    cross join policy
    left join retained on measures.snapshot_date = retained.snapshot_date
    where measures.first_order_date is not null

)

{{ final_and_carried('snapshot_dates') }}
