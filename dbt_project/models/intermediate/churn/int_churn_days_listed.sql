with snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

months as (select * from {{ ref('int_category_months_listed') }}),

policy as ({{ policy_values(['lead_days', 'horizon_days']) }}),

-- the days on which the live night had told of categories
carried as (

    {% if var('carried_schema') -%}
        select snapshot_date
        from {{ carried_relation('int_churn_days_listed') }}
        where month_date is not null
    {%- else -%}
        select cast(null as date) as snapshot_date
    {%- endif %}

),

days as (

    select
        snapshot_dates.snapshot_date,
        months.month_date,
        -- a month of which categories are not told any more is left to the customers as a whole
        snapshot_dates.is_carried
        and coalesce(months.is_carried, carried.snapshot_date is null) as is_past_carried,
        {{ add_days('snapshot_dates.snapshot_date', 'policy.lead_days') }}
            as opens_after_date,
        {{ add_days(
            'snapshot_dates.snapshot_date',
            'policy.lead_days + policy.horizon_days',
        ) }} as closes_on
    from snapshot_dates
    cross join policy
    left join months on snapshot_dates.snapshot_date = months.counted_date
    left join carried on snapshot_dates.snapshot_date = carried.snapshot_date

),

-- An open horizon is unknown, never "not churned".
final as (

    select
        {% if var('carried_schema') -%}
            is_past_carried and closes_on <= {{ carried_as_of_date() }}
        {%- else -%}
            false
        {%- endif %} as is_carried,
        month_date,
        snapshot_date,
        opens_after_date,
        closes_on
    from days
    where closes_on <= {{ as_of_date() }}

)

select * from final
