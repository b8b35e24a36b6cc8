with measured as (select * from {{ ref('int_relationship_plans_measured') }}),

scales as (select * from {{ ref('int_relationship_scales_listed') }}),

dimensions as (select * from {{ ref('policy_relationship_dimensions') }}),

states as (select * from {{ ref('policy_relationship_plan_states') }}),

final as (

    select
        measured.relationship_plan_key,
        measured.source,
        measured.relationship_plan_id,
        measured.account_id,
        measured.contact_key,
        measured.dimension_code,
        dimensions.name_en as dimension_name_en,
        dimensions.name_zh as dimension_name_zh,
        measured.measured_in,
        measured.target_level_code,
        target_levels.name_en as target_level_name_en,
        target_levels.name_zh as target_level_name_zh,
        measured.current_level_code,
        current_levels.name_en as current_level_name_en,
        current_levels.name_zh as current_level_name_zh,
        cast(measured.target_index as numeric(9, 2)) as target_index,
        cast(measured.current_index as numeric(9, 2)) as current_index,
        measured.gap_value,
        case
            when measured.gap_value is not null then null
            when measured.measured_in is null then 'no_measurable_target'
            else 'not_measured_now'
        end as gap_unknown_reason,
        measured.state_code,
        states.name_en as state_name_en,
        states.name_zh as state_name_zh,
        measured.is_open,
        measured.is_approved,
        measured.is_evident,
        measured.state_code = 'reached' as is_reached,
        measured.is_due,
        measured.is_late,
        measured.days_to_due,
        measured.account_manager_id,
        measured.approved_by,
        measured.actions,
        measured.due_date,
        measured.approved_date,
        measured.created_date,
        {{ as_of_date() }} as as_of_date
    from measured
    inner join dimensions on measured.dimension_code = dimensions.dimension_code
    inner join states on measured.state_code = states.state_code
    left join scales as target_levels
        on
            measured.dimension_code = target_levels.dimension_code
            and measured.target_level_code = target_levels.level_code
    left join scales as current_levels
        on
            measured.dimension_code = current_levels.dimension_code
            and measured.current_level_code = current_levels.level_code

)

select * from final
