with policy as ({{ policy_values(['next_product_window_days']) }}),

-- A month is over when its last day has come.
closed_months as (

    select {{ month_start(add_days(as_of_date(), 1)) }} as after_date

),

days as (

    select
        true as is_current,
        cast(null as date) as month_end_date,
        {{ as_of_date() }} as snapshot_date

    union all

    select
        false as is_current,
        {{ add_days('after_date', -1) }} as month_end_date,
        {{ add_days(month_start(add_days('after_date', -1)), -1) }} as snapshot_date
    from closed_months

),

final as (

    select
        days.is_current,
        {{ add_days('days.snapshot_date', '1 - policy.next_product_window_days') }}
            as window_from_date,
        days.month_end_date,
        days.snapshot_date
    from days
    cross join policy

)

select * from final
