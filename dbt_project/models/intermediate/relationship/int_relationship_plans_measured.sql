with plans as (select * from {{ ref('int_relationship_plans_listed') }}),

scales as (select * from {{ ref('int_relationship_scales_listed') }}),

states as (select * from {{ ref('policy_relationship_plan_states') }}),

-- a level of the key relationship without a person is nobody's
ranked as (

    select
        plans.*,
        case
            when
                target_levels.level_rank is not null
                and (plans.dimension_code != 'key' or plans.contact_key is not null)
                then 'level'
            when plans.target_index is not null then 'index'
        end as measured_in,
        target_levels.level_rank as target_rank,
        current_levels.level_rank as current_rank
    from plans
    left join scales as target_levels
        on
            plans.dimension_code = target_levels.dimension_code
            and plans.target_level_code = target_levels.level_code
    left join scales as current_levels
        on
            plans.dimension_code = current_levels.dimension_code
            and plans.current_level_code = current_levels.level_code

),

valued as (

    select
        *,
        cast(
            case measured_in when 'level' then target_rank when 'index' then target_index end
            as numeric(18, 4)
        ) as target_value,
        cast(
            case measured_in when 'level' then current_rank when 'index' then current_index end
            as numeric(18, 4)
        ) as current_value
    from ranked

),

-- a person who has left cannot be won any more
judged as (

    select
        *,
        cast(
            case when target_value <= current_value then 0 else target_value - current_value end
            as numeric(18, 4)
        ) as gap_value,
        case
            when dimension_code = 'key' and measured_in = 'level' and has_left then false
            else current_value >= target_value
        end as is_evident
    from valued

),

decided as (

    select
        *,
        case
            when plan_status != 'completed' then plan_status
            when not is_approved then 'awaits_approval'
            when coalesce(is_evident, false) then 'reached'
            else 'awaits_evidence'
        end as state_code
    from judged

),

final as (

    select
        decided.*,
        states.is_open,
        case when states.is_open then {{ days_between(as_of_date(), 'decided.due_date') }} end
            as days_to_due,
        states.is_open and coalesce(decided.due_date <= {{ as_of_date() }}, false) as is_due,
        states.is_open and coalesce(decided.due_date < {{ as_of_date() }}, false) as is_late
    from decided
    inner join states on decided.state_code = states.state_code

)

select * from final
