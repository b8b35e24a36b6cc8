with account_days as (select * from {{ ref('int_account_days_known') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

order_days as (

    select
        account_days.account_id,
        account_days.order_date,
        lag(account_days.order_date) over (
            partition by account_days.account_id, snapshot_dates.snapshot_date
            order by account_days.order_date
        ) as previous_order_date,
        snapshot_dates.snapshot_date
    from account_days
    inner join snapshot_dates
        on
            account_days.order_date <= snapshot_dates.snapshot_date
            and {{ is_in_force('account_days', 'snapshot_dates.snapshot_date') }}
    where account_days.is_order_day and not snapshot_dates.is_carried

),

final as (

    select
        account_id,
        {{ days_between('previous_order_date', 'order_date') }} as gap_days,
        order_date,
        previous_order_date,
        snapshot_date
    from order_days

)

select * from final
