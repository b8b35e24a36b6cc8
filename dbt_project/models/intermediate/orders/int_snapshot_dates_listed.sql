with account_days as (select * from {{ ref('int_account_days_known') }}),

policy as ({{ policy_values(['snapshot_months_count']) }}),

history as (

    select min(known_date) as first_known_date
    from account_days

),

month_ends as (

    {{ month_ends_before(as_of_date(), 120) }}

),

final as (

    select
        false as is_current,
        month_ends.month_end as snapshot_date
    from month_ends
    cross join policy
    cross join history
    where
        month_ends.months_back <= policy.snapshot_months_count
        and month_ends.month_end >= history.first_known_date

    union all

    select
        true as is_current,
        {{ as_of_date() }} as snapshot_date

)

select * from final
