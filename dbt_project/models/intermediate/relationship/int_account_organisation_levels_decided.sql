with gates as (select * from {{ ref('int_organisation_gates_judged') }}),

levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

tried as (

    select
        account_id,
        level_position,
        count(*) as gates_count,
        sum(case when is_met then 1 else 0 end) as gates_met_count,
        sum(case when is_known and not is_met then 1 else 0 end) as gates_failed_count,
        sum(case when is_known then 0 else 1 end) as gates_unknown_count,
        is_current,
        snapshot_date
    from gates
    group by
        account_id,
        level_position,
        is_current,
        snapshot_date

),

reached as (

    select
        account_id,
        coalesce(max(case when gates_met_count = gates_count then level_position end), 0)
            as level_position,
        is_current,
        snapshot_date
    from tried
    group by
        account_id,
        is_current,
        snapshot_date

),

final as (

    select
        reached.account_id,
        levels.level_code as organisation_level_code,
        reached.level_position as organisation_level_position,
        next_levels.level_code as next_level_code,
        next_try.gates_count as next_gates_count,
        next_try.gates_met_count as next_gates_met_count,
        next_try.gates_failed_count as next_gates_failed_count,
        next_try.gates_unknown_count as next_gates_unknown_count,
        coalesce(
            next_try.gates_failed_count = 0 and next_try.gates_unknown_count > 0, false
        ) as is_unproven,
        -- nobody knows whether there were dealings: that is no nought
        cast(case
            when reached.level_position > 0 or next_try.gates_unknown_count = 0
                then levels.index_value
        end as numeric(9, 2)) as organisation_index,
        reached.is_current,
        reached.snapshot_date
    from reached
    inner join levels on reached.level_position = levels.position
    left join levels as next_levels on reached.level_position + 1 = next_levels.position
    left join tried as next_try
        on
            reached.account_id = next_try.account_id
            and reached.level_position + 1 = next_try.level_position
            and reached.snapshot_date = next_try.snapshot_date

)

select * from final
