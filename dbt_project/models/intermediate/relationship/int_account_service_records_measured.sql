with orders as (select * from {{ ref('stg_raw__orders') }}),

tickets as (select * from {{ ref('stg_raw__tickets') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

policy as ({{ component_days(['record']) }}),

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
        0 as complaints_count,
        0 as order_days_count,
        days.snapshot_date
    from orders
    cross join policy
    inner join days
        on
            orders.expected_date < days.snapshot_date
            and orders.expected_date > {{ add_days('days.snapshot_date', '-policy.record_days') }}
            and {{ is_in_force('orders', 'days.snapshot_date') }}
    where coalesce(orders.order_status, 'open') <> 'cancelled'

),

complaints as (

    select
        tickets.account_id,
        cast(null as int) as is_kept,
        1 as complaints_count,
        0 as order_days_count,
        days.snapshot_date
    from tickets
    cross join policy
    inner join days
        on
            tickets.opened_date <= days.snapshot_date
            and tickets.opened_date > {{ add_days('days.snapshot_date', '-policy.record_days') }}
            and {{ is_in_force('tickets', 'days.snapshot_date') }}
    where tickets.ticket_kind = 'complaint'

),

order_days as (

    select
        account_days.account_id,
        cast(null as int) as is_kept,
        0 as complaints_count,
        1 as order_days_count,
        days.snapshot_date
    from account_days
    cross join policy
    inner join days
        on
            account_days.order_date <= days.snapshot_date
            and account_days.order_date > {{ add_days('days.snapshot_date', '-policy.record_days') }}
            and {{ is_in_force('account_days', 'days.snapshot_date') }}
    where account_days.is_order_day

),

final as (

    select
        account_id,
        count(is_kept) as promises_count,
        sum(coalesce(is_kept, 0)) as promises_kept_count,
        sum(complaints_count) as complaints_count,
        sum(order_days_count) as order_days_count,
        snapshot_date
    from (
        select * from promises
        union all
        select * from complaints
        union all
        select * from order_days
    ) as together
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
