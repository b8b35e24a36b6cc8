with explained as (select * from {{ ref('int_relationship_moves_explained') }}),

moves as (select * from {{ ref('int_account_relationship_moves_found') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

changes as (select * from {{ ref('policy_relationship_changes') }}),

dimensions as (select * from {{ ref('policy_relationship_dimensions') }}),

parts as (select * from {{ ref('policy_relationship_parts') }}),

components as (select * from {{ ref('policy_relationship_general_components') }}),

gates as (select * from {{ ref('policy_relationship_gates') }}),

part_names as (

    select
        part_code,
        name_en,
        name_zh
    from parts
    union all
    select
        component_code as part_code,
        name_en,
        name_zh
    from components
    union all
    select
        gate_code as part_code,
        name_en,
        name_zh
    from gates

),

final as (

    select
        explained.account_id || '|' || explained.comparison_key || '|' || explained.part_code
            as account_relationship_move_key,
        explained.account_id,
        moves.snapshot_date,
        moves.previous_snapshot_date,
        moves.compared_with,
        comparisons.is_current,
        moves.relationship_index,
        moves.relationship_index_change,
        moves.previous_general_level_code,
        moves.general_level_code,
        moves.previous_organisation_level_code,
        moves.organisation_level_code,
        cast(
            moves.organisation_level_position - moves.previous_organisation_level_position as int
        ) as organisation_levels_change,
        explained.dimension_code,
        dimensions.name_en as dimension_name_en,
        dimensions.name_zh as dimension_name_zh,
        explained.part_code,
        part_names.name_en as part_name_en,
        part_names.name_zh as part_name_zh,
        explained.part_kind,
        explained.change_kind,
        changes.name_en as change_name_en,
        changes.name_zh as change_name_zh,
        explained.value_before,
        explained.value_after,
        explained.points_change,
        row_number() over (
            partition by explained.account_id, explained.comparison_key
            order by
                abs(explained.points_change) desc nulls last,
                explained.dimension_code asc,
                explained.part_code asc
        ) as cause_rank,
        {{ as_of_date() }} as as_of_date
    from explained
    inner join comparisons on explained.comparison_key = comparisons.comparison_key
    inner join moves
        on
            explained.account_id = moves.account_id
            and explained.comparison_key = moves.comparison_key
    inner join part_names on explained.part_code = part_names.part_code
    inner join changes on explained.change_kind = changes.change_kind
    inner join dimensions on explained.dimension_code = dimensions.dimension_code

)

select * from final
