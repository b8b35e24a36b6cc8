with comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

final as (

    select distinct
        true as is_carried,
        previous_snapshot_date as snapshot_date
    from comparisons
    where is_previous_needed

)

select * from final
