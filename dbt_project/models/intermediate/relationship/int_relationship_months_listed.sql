with months as (select * from {{ ref('int_relationship_months_held') }}),

final as (

    select
        months.is_current,
        months.snapshot_date
    from months
    where not months.is_carried

)

select * from final
