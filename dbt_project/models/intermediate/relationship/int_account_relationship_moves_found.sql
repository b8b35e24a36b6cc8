{%- set columns = [
    'relationship_index', 'general_level_code', 'organisation_level_code',
    'organisation_level_position', 'snapshot_date',
] -%}
with composed as (select * from {{ ref('int_account_relationships_composed') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

policy as ({{ policy_values(['relationship_move_points']) }}),

paired as (

    select
        composed.account_id,
        {%- for column in columns %}
            composed.{{ column }},
            earlier.{{ column }} as previous_{{ column }},
        {%- endfor %}
        comparisons.comparison_key,
        comparisons.compared_with,
        cast(composed.relationship_index - earlier.relationship_index as numeric(9, 2))
            as relationship_index_change
    from comparisons
    inner join composed on comparisons.snapshot_date = composed.snapshot_date
    inner join composed as earlier
        on
            comparisons.previous_snapshot_date = earlier.snapshot_date
            and composed.account_id = earlier.account_id
    where not comparisons.is_carried

),

final as (

    select paired.*
    from paired
    cross join policy
    where
        paired.organisation_level_code <> paired.previous_organisation_level_code
        or coalesce(paired.general_level_code, 'none')
        <> coalesce(paired.previous_general_level_code, 'none')
        or abs(paired.relationship_index_change) >= policy.relationship_move_points

)

{{ final_and_carried('comparisons', day='comparison_key') }}
