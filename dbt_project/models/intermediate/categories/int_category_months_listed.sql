with dates as (select * from {{ ref('dim_dates') }}),

policy as ({{ policy_values(['category_months_count']) }}),

restatement as (select * from {{ ref('int_category_restatement_found') }}),

carried as (

    {% if var('carried_schema') -%}
        select live.month_date
        from {{ carried_relation('int_category_months_listed') }} as live
        cross join restatement
        where
            live.is_over
            and live.month_number < restatement.first_month_number
    {%- else -%}
        select cast(null as date) as month_date
    {%- endif %}

),

final as (

    select
        {{ month_number('dates.month_start_date') }} as month_number,
        dates.month_start_date as month_date,
        least(dates.month_end_date, {{ as_of_date() }}) as counted_date,
        dates.month_end_date <= {{ as_of_date() }} as is_over,
        carried.month_date is not null as is_carried
    from dates
    cross join policy
    left join carried on dates.month_start_date = carried.month_date
    where
        dates.is_month_end
        and dates.month_start_date <= {{ as_of_date() }}
        and {{ month_number('dates.month_start_date') }}
        > {{ month_number(as_of_date()) }} - policy.category_months_count

)

select * from final
