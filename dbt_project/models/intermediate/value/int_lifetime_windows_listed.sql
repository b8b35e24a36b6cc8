with snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

horizons as (select * from {{ ref('policy_lifetime_horizons') }}),

windows as (

    select
        snapshot_dates.snapshot_date || '|' || horizons.months_count as window_code,
        horizons.months_count,
        horizons.is_told,
        snapshot_dates.is_carried as is_past_carried,
        {{ add_days(
            'snapshot_dates.snapshot_date',
            'floor(horizons.months_count * 365 / 12)',
        ) }} as closes_on,
        snapshot_dates.snapshot_date
    from snapshot_dates
    cross join horizons

),

-- An open window is unknown, never "nothing bought".
closed as (

    select
        windows.*,
        max(case when windows.is_told then 1 else 0 end) over () as told_count
    from windows
    where windows.closes_on <= {{ as_of_date() }}

),

final as (

    select
        window_code,
        months_count,
        {% if var('carried_schema') -%}
            is_past_carried and closes_on <= {{ carried_as_of_date() }}
        {%- else -%}
            false
        {%- endif %} as is_carried,
        closes_on,
        snapshot_date
    from closed
    -- the others only until there is one to grade what is told by
    where is_told or told_count = 0

)

select * from final
