with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

contracts as (select * from {{ ref('stg_raw__contracts') }}),

policy as ({{ policy_values(['calendar_years_maximum']) }}),

events as (

    select min(order_date) as first_date
    from order_lines
    union all
    select min(first_seen_date) as first_date
    from accounts
    union all
    select min(start_date) as first_date
    from contracts

),

bounds as (

    select
        greatest(
            cast(extract(year from coalesce(min(events.first_date), {{ as_of_date() }})) as int),
            cast(extract(year from {{ as_of_date() }}) - max(policy.calendar_years_maximum) as int)
        ) as first_year,
        cast(extract(year from {{ as_of_date() }}) as int) + 1 as last_year
    from events
    cross join policy

),

final as (

    {{ days_of_years('bounds', 'first_year', 'last_year') }}

)

select * from final
