with tickets as (select * from {{ ref('int_tickets_placed') }}),

policy as ({{ policy_values(['recurrence_days']) }}),

-- Days, not tickets: two reports of one day are one trouble.
theme_days as (

    select distinct
        account_id,
        theme,
        opened_date
    from tickets
    where theme is not null

),

theme_gaps as (

    select
        account_id,
        theme,
        opened_date,
        lag(opened_date) over (
            partition by account_id, theme
            order by opened_date
        ) as previous_opened_date
    from theme_days

),

final as (

    select
        theme_gaps.account_id,
        theme_gaps.theme,
        coalesce(
            {{ days_between('theme_gaps.previous_opened_date', 'theme_gaps.opened_date') }}
            <= policy.recurrence_days,
            false
        ) as is_recurrence,
        theme_gaps.opened_date
    from theme_gaps
    cross join policy

)

select * from final
