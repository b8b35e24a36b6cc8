with stages as (select * from {{ ref('int_account_stages_kept') }}),

ranked as (

    select
        *,
        min(snapshot_date) over () as first_snapshot_date,
        row_number() over (
            partition by account_id, stay_number
            order by snapshot_date
        ) as snapshot_number
    from stages

),

spells as (

    select
        account_id,
        stage_code,
        stay_number,
        max(case when snapshot_number = 1 then rule_code end) as entered_rule_code,
        count(*) as snapshots_count,
        bool_or(is_current) as is_current,
        min(stage_since_date) as from_date,
        min(first_snapshot_date) as first_snapshot_date
    from ranked
    group by
        account_id,
        stage_code,
        stay_number

),

neighboured as (

    select
        *,
        lag(stage_code) over stays as previous_stage_code,
        lead(stage_code) over stays as next_stage_code,
        lead({{ add_days('from_date', -1) }}) over stays as to_date
    from spells
    window stays as (
        partition by account_id
        order by stay_number
    )

),

final as (

    select
        account_id || '|' || from_date as spell_key,
        account_id,
        stage_code,
        previous_stage_code,
        next_stage_code,
        entered_rule_code,
        snapshots_count,
        {{ days_between('from_date', 'coalesce(to_date, ' ~ as_of_date() ~ ')') }} + 1
            as days_count,
        stay_number > 1
        or from_date <> first_snapshot_date as is_beginning_known,
        is_current,
        from_date,
        to_date,
        {{ as_of_date() }} as as_of_date
    from neighboured

)

select * from final
