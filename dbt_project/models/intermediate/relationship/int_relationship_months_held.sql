with days as (select * from {{ ref('int_relationship_days_held') }}),

final as (

    select
        is_carried,
        is_current,
        snapshot_date
    from days
    where is_month_end or is_current

)

select * from final
