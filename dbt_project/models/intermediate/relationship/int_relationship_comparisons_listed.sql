with days as (select * from {{ ref('int_relationship_days_held') }}),

-- A day is compared with the day before, a month end and the day itself with the month end
-- before: so whatever is known of a day is compared with the same in each night.
paired as (

    select
        'day' as compared_with,
        days.is_current,
        days.is_carried,
        days.snapshot_date,
        previous_days.is_carried as is_previous_carried,
        previous_days.snapshot_date as previous_snapshot_date
    from days
    inner join days as previous_days
        on previous_days.snapshot_date = {{ add_days('days.snapshot_date', -1) }}

    union all

    select
        'month_end' as compared_with,
        days.is_current,
        days.is_carried,
        days.snapshot_date,
        previous_days.is_carried as is_previous_carried,
        previous_days.snapshot_date as previous_snapshot_date
    from days
    inner join days as previous_days
        on previous_days.snapshot_date = {{ add_days(month_start('days.snapshot_date'), -1) }}
    where days.is_month_end or days.is_current

),

final as (

    select
        compared_with || '|' || snapshot_date as comparison_key,
        compared_with,
        is_current,
        is_carried,
        not is_carried and is_previous_carried as is_previous_needed,
        snapshot_date,
        previous_snapshot_date
    from paired

)

select * from final
