with dates as (select * from {{ ref('dim_dates') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

contract_months as (select * from {{ ref('int_contract_months_summed') }}),

policy as ({{ policy_values(['snapshot_months_count']) }}),

firsts as (

    select
        min(known_date) as known_date,
        min(order_date) as order_date
    from account_days

),

first_contracts as (

    select min(month_date) as month_date
    from contract_months

),

-- least() passes nulls over; of a company without either, the month of the day itself
beginnings as (

    select
        {{ month_number(as_of_date()) }} as last_number,
        greatest(
            {{ month_number(as_of_date()) }} - policy.snapshot_months_count,
            {{ month_number(
                "coalesce(least(firsts.known_date, first_contracts.month_date), " ~ as_of_date() ~ ")"
            ) }}
        ) as first_number,
        firsts.order_date as first_order_date
    from policy
    cross join firsts
    cross join first_contracts

),

final as (

    select
        {{ month_number('dates.calendar_date') }} as month_number,
        {{ month_number('dates.calendar_date') }} > beginnings.first_number as has_month_before,
        {{ month_number('dates.calendar_date') }} >= beginnings.first_number + 12
            as has_year_before,
        coalesce(
            {{ add_days('beginnings.first_order_date', 729) }} <= dates.month_end_date, false
        ) as has_two_years_of_orders,
        dates.month_end_date <= {{ as_of_date() }} as is_closed,
        dates.month_start_date as month_date,
        least(dates.month_end_date, {{ as_of_date() }}) as counted_date
    from dates
    cross join beginnings
    where
        dates.is_month_end
        and {{ month_number('dates.calendar_date') }}
        between beginnings.first_number and beginnings.last_number

)

select * from final
