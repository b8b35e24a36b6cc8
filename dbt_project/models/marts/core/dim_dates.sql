with days as (select * from {{ ref('int_calendar_days_listed') }}),

calendars as (select * from {{ ref('policy_calendars') }}),

holidays as (select * from {{ ref('policy_holidays') }}),

policy as ({{ policy_values(['fiscal_year_first_month']) }}),

special_days as (

    select
        holidays.holiday_date,
        holidays.name_en,
        holidays.name_zh,
        holidays.is_workday
    from holidays
    inner join calendars on holidays.country_code = calendars.country_code
    where calendars.timezone = '{{ var("timezone") }}'

),

known_years as (

    select distinct cast(extract(year from holiday_date) as int) as calendar_year
    from special_days

),

parts as (

    select
        days.calendar_date,
        cast(extract(year from days.calendar_date) as int) as calendar_year,
        cast(extract(month from days.calendar_date) as int) as calendar_month,
        cast(extract(isodow from days.calendar_date) as int) as iso_weekday,
        -- months since the latest first month of a fiscal year
        cast(mod(
            extract(month from days.calendar_date) - policy.fiscal_year_first_month + 12, 12
        ) as int) as fiscal_months_past,
        {{ month_start('days.calendar_date') }} as month_start_date,
        {{ month_end('days.calendar_date') }} as month_end_date,
        policy.fiscal_year_first_month
    from days
    cross join policy

),

final as (

    select
        parts.calendar_date,
        special_days.name_en as holiday_name_en,
        special_days.name_zh as holiday_name_zh,
        parts.calendar_year,
        cast(extract(quarter from parts.calendar_date) as int) as calendar_quarter,
        parts.calendar_month,
        cast(extract(isoyear from parts.calendar_date) as int) as iso_year,
        cast(extract(week from parts.calendar_date) as int) as iso_week,
        parts.iso_weekday,
        -- named after the calendar year in which it ends
        parts.calendar_year + case
            when
                parts.fiscal_year_first_month > 1
                and parts.calendar_month >= parts.fiscal_year_first_month
                then 1
            else 0
        end as fiscal_year,
        parts.fiscal_months_past / 3 + 1 as fiscal_quarter,
        parts.fiscal_months_past + 1 as fiscal_month,
        parts.calendar_date = parts.month_end_date as is_month_end,
        parts.calendar_date = parts.month_end_date
        and mod(parts.fiscal_months_past, 3) = 2 as is_fiscal_quarter_end,
        parts.calendar_date = parts.month_end_date
        and parts.fiscal_months_past = 11 as is_fiscal_year_end,
        parts.iso_weekday > 5 as is_weekend,
        case
            when known_years.calendar_year is not null
                then coalesce(not special_days.is_workday, false)
        end as is_holiday,
        coalesce(special_days.is_workday, parts.iso_weekday <= 5) as is_workday,
        parts.month_start_date,
        parts.month_end_date,
        {{ as_of_date() }} as as_of_date
    from parts
    left join known_years on parts.calendar_year = known_years.calendar_year
    left join special_days on parts.calendar_date = special_days.holiday_date

)

select * from final
