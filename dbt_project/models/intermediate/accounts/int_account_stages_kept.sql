with stages as (select * from {{ ref('int_account_stages_decided') }}),

policy as ({{ policy_values(['stage_dwell_days']) }}),

neighboured as (

    select
        *,
        lag(stage_code) over account_days as last_stage_code,
        lag(snapshot_date) over account_days as last_snapshot_date
    from stages
    window account_days as (
        partition by account_id
        order by snapshot_date
    )

),

numbered as (

    select
        *,
        sum(case when last_stage_code = stage_code then 0 else 1 end) over (
            partition by account_id
            order by snapshot_date
            rows between unbounded preceding and current row
        ) as stay_number,
        -- the day of an event counts only if the snapshot before could not have seen it
        least(
            snapshot_date,
            greatest(
                coalesce(began_date, snapshot_date),
                {{ add_days('last_snapshot_date', 1) }}
            )
        ) as seen_since_date
    from neighboured

),

dated as (

    select
        *,
        min(seen_since_date) over (
            partition by account_id, stay_number
        ) as since_date
    from numbered

),

-- Month ends are further apart than a stage must last, so only the day itself can be
-- too early to leave. Who has ordered is no prospect, who is gone or back is not kept.
judged as (

    select
        dated.*,
        lag(dated.since_date) over (
            partition by dated.account_id
            order by dated.snapshot_date
        ) as last_since_date,
        coalesce(
            dated.is_current
            and dated.stage_code <> dated.last_stage_code
            and dated.stage_code not in ('churned', 'won_back')
            and dated.last_stage_code <> 'prospect'
            and {{ add_days(
                'lag(dated.since_date) over ('
                ~ 'partition by dated.account_id order by dated.snapshot_date)',
                'policy.stage_dwell_days',
            ) }} > dated.snapshot_date,
            false
        ) as is_held
    from dated
    cross join policy

),

final as (

    select
        account_id,
        case when is_held then last_stage_code else stage_code end as stage_code,
        case when is_held then 'kept_for_dwell' else rule_code end as rule_code,
        stage_code as decided_stage_code,
        days_since_last_order,
        typical_gap_days,
        overdue_ratio,
        is_held,
        is_current,
        case when is_held then stay_number - 1 else stay_number end as stay_number,
        case when is_held then last_since_date else since_date end as stage_since_date,
        snapshot_date
    from judged

)

select * from final
