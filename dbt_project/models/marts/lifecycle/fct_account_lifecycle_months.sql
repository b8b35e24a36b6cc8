with stages as (select * from {{ ref('int_account_stages_kept') }}),

lifecycle_stages as (select * from {{ ref('policy_lifecycle_stages') }}),

neighboured as (

    select
        *,
        lag(stage_code) over (
            partition by account_id
            order by snapshot_date
        ) as last_stage_code
    from stages

),

final as (

    select
        neighboured.account_id,
        neighboured.stage_code,
        lifecycle_stages.name_en as stage_name_en,
        lifecycle_stages.name_zh as stage_name_zh,
        max(
            case
                when neighboured.last_stage_code <> neighboured.stage_code
                    then neighboured.last_stage_code
            end
        ) over (
            partition by neighboured.account_id, neighboured.stay_number
        ) as previous_stage_code,
        neighboured.rule_code,
        neighboured.decided_stage_code,
        neighboured.days_since_last_order,
        neighboured.typical_gap_days,
        neighboured.overdue_ratio,
        neighboured.is_held,
        neighboured.is_current,
        neighboured.snapshot_date,
        neighboured.stage_since_date,
        {{ as_of_date() }} as as_of_date
    from neighboured
    inner join lifecycle_stages
        on neighboured.stage_code = lifecycle_stages.stage_code

)

select * from final
