with orders as (select * from {{ ref('stg_raw__orders') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

policy as ({{ component_policy('window_days', ['record']) }}),

-- A promise is judged from the day after it. What is said to be done without a day may
-- have been in time.
promises as (

    select
        orders.account_id,
        case
            when orders.delivered_date <= orders.expected_date then 1
            when
                orders.delivered_date is not null
                or coalesce(orders.order_status, 'open') = 'open'
                then 0
        end as is_kept,
        days.snapshot_date
    from orders
    cross join policy
    inner join days
        on
            orders.expected_date < days.snapshot_date
            and orders.expected_date
            > {{ add_days('days.snapshot_date', '-policy.record_window_days') }}
            and {{ is_in_force('orders', 'days.snapshot_date') }}
    where
        orders.account_id is not null
        and coalesce(orders.order_status, 'open') <> 'cancelled'

),

final as (

    select
        account_id,
        count(is_kept) as promises_count,
        sum(coalesce(is_kept, 0)) as promises_kept_count,
        snapshot_date
    from promises
    group by
        account_id,
        snapshot_date

)

select * from final
