with dates as (select * from {{ ref('dim_dates') }}),

policy as ({{ policy_values(['category_months_count']) }}),

final as (

    select
        {{ month_number('dates.month_start_date') }} as month_number,
        dates.month_start_date as month_date,
        least(dates.month_end_date, {{ as_of_date() }}) as counted_date
    from dates
    cross join policy
    where
        dates.is_month_end
        and dates.month_start_date <= {{ as_of_date() }}
        and {{ month_number('dates.month_start_date') }}
        > {{ month_number(as_of_date()) }} - policy.category_months_count

)

select * from final
