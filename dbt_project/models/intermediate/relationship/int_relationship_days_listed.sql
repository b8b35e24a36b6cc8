with days as (select * from {{ ref('int_relationship_days_held') }}),

final as (

    select
        days.is_current,
        days.is_month_end,
        days.snapshot_date
    from days
    where not days.is_carried

)

select * from final
