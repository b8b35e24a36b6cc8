with moves as (select * from {{ ref('int_account_relationship_moves_found') }}),

parts as (select * from {{ ref('int_relationship_parts_listed') }}),

comparisons as (select * from {{ ref('int_relationship_comparisons_listed') }}),

-- a part that is not known brings nothing; that it was known, or is now, is the change
changed as (

    select
        moves.account_id,
        moves.comparison_key,
        now_parts.dimension_code,
        now_parts.part_code,
        now_parts.part_kind,
        before_parts.part_value as value_before,
        now_parts.part_value as value_after,
        cast(case
            when now_parts.part_kind in ('component', 'index')
                then coalesce(now_parts.part_points, 0) - coalesce(before_parts.part_points, 0)
        end as numeric(9, 2)) as points_change
    from moves
    inner join comparisons
        on moves.comparison_key = comparisons.comparison_key and not comparisons.is_carried
    inner join parts as now_parts
        on
            moves.account_id = now_parts.account_id
            and moves.snapshot_date = now_parts.snapshot_date
    inner join parts as before_parts
        on
            moves.account_id = before_parts.account_id
            and moves.previous_snapshot_date = before_parts.snapshot_date
            and now_parts.part_code = before_parts.part_code

),

final as (

    select
        account_id,
        comparison_key,
        dimension_code,
        part_code,
        part_kind,
        value_before,
        value_after,
        points_change,
        case
            when part_kind = 'gate' and value_after is null then 'gate_unknown'
            when part_kind = 'gate' and value_after = 1 then 'gate_opened'
            when part_kind = 'gate' and value_before = 1 then 'gate_closed'
            when part_kind = 'gate' then 'gate_known'
            when value_before is null and value_after is not null then 'became_known'
            when value_after is null and value_before is not null then 'became_unknown'
            when value_after > value_before then 'rose'
            when value_after < value_before then 'fell'
            else 'reweighed'
        end as change_kind
    from changed
    where
        coalesce(value_before, -1) <> coalesce(value_after, -1)
        or coalesce(points_change, 0) <> 0

)

{{ final_and_carried('comparisons', day='comparison_key') }}
