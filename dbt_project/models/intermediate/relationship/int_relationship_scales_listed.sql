with key_levels as (select * from {{ ref('policy_relationship_levels') }}),

general_levels as (select * from {{ ref('policy_relationship_general_levels') }}),

organisation_levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

final as (

    select
        'key' as dimension_code,
        cast(level as {{ type_text() }}) as level_code,
        level as level_rank,
        name_en,
        name_zh
    from key_levels
    union all
    select
        'general' as dimension_code,
        level_code,
        cast(row_number() over (order by index_from) as int) as level_rank,
        name_en,
        name_zh
    from general_levels
    union all
    select
        'organisation' as dimension_code,
        level_code,
        position as level_rank,
        name_en,
        name_zh
    from organisation_levels

)

select * from final
