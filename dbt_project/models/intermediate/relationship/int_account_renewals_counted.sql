with contracts as (select * from {{ ref('stg_raw__contracts') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

measures as ({{ measure_policy('window_days', ['renewal_rate']) }}),

policy as ({{ policy_values(['contract_gap_days']) }}),

signed as (

    select
        source || '|' || contract_id as contract_key,
        account_id,
        start_date,
        end_date,
        known_date,
        superseded_date
    from contracts
    where
        account_id is not null
        and coalesce(contract_status, 'active') in ('active', 'ended')
        and coalesce(contract_kind, 'subscription') <> 'project'
        and not coalesce(is_trial, false)

),

-- Whoever may still sign without a break has not let it end.
ended as (

    select
        signed.contract_key,
        signed.account_id,
        signed.end_date,
        {{ days_between('signed.end_date', 'days.snapshot_date') }} > policy.contract_gap_days
            as is_over,
        days.snapshot_date
    from signed
    cross join measures
    cross join policy
    inner join days
        on
            signed.end_date < days.snapshot_date
            and signed.end_date
            > {{ add_days('days.snapshot_date', '-measures.renewal_rate_window_days') }}
            and {{ is_in_force('signed', 'days.snapshot_date') }}

),

followed as (

    select
        ended.contract_key,
        ended.account_id,
        ended.is_over,
        count(signed.contract_key) > 0 as is_renewed,
        ended.snapshot_date
    from ended
    cross join policy
    left join signed
        on
            ended.account_id = signed.account_id
            and ended.contract_key <> signed.contract_key
            and {{ add_days('ended.end_date', 'policy.contract_gap_days + 1') }}
            >= signed.start_date
            and ended.snapshot_date >= signed.start_date
            and (signed.end_date is null or ended.end_date < signed.end_date)
            and {{ is_in_force('signed', 'ended.snapshot_date') }}
    group by
        ended.contract_key,
        ended.account_id,
        ended.is_over,
        ended.snapshot_date

),

final as (

    select
        account_id,
        count(case when is_renewed or is_over then 1 end) as contracts_due_count,
        count(case when is_renewed then 1 end) as contracts_renewed_count,
        snapshot_date
    from followed
    group by
        account_id,
        snapshot_date

)

select * from final
