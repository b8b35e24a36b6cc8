with contracts as (select * from {{ ref('int_contracts_dated') }}),

policy as ({{ policy_values(['contract_gap_days']) }}),

-- What the account has besides a contract, from the day after its end on.
afterwards as (

    select
        contracts.source,
        contracts.contract_id,
        max(case
            when
                others.start_date <= {{ add_days('contracts.end_date', 1) }}
                and (others.end_date is null or others.end_date > contracts.end_date)
                then 1
            else 0
        end) as covering_count,
        min(case
            when others.start_date > {{ add_days('contracts.end_date', 1) }}
                then others.start_date
        end) as next_start_date
    from contracts
    inner join contracts as others on contracts.account_id = others.account_id
    where contracts.end_date is not null
    group by
        contracts.source,
        contracts.contract_id

),

followed as (

    select
        contracts.*,
        afterwards.next_start_date,
        coalesce(afterwards.covering_count > 0, false) as is_covered,
        coalesce(
            afterwards.covering_count = 0
            and {{ days_between('contracts.end_date', 'afterwards.next_start_date') }} - 1
            <= policy.contract_gap_days,
            false
        ) as is_bridged
    from contracts
    cross join policy
    left join afterwards
        on
            contracts.source = afterwards.source
            and contracts.contract_id = afterwards.contract_id

),

final as (

    select
        source,
        contract_id,
        account_id,
        ended_by,
        end_reason,
        monthly_amount,
        start_date,
        end_date,
        case when is_bridged then {{ add_days('next_start_date', -1) }} else end_date end
            as in_force_until_date,
        is_covered or is_bridged as is_renewed
    from followed

)

select * from final
