with contracts as (select * from {{ ref('stg_raw__contracts') }}),

kinds as (select * from {{ ref('policy_contract_kinds') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

measured_accounts as (

    select account_id
    from accounts
    where is_latest and not is_internal

),

endings_seen as (

    select
        source,
        contract_id,
        min(known_date) as ended_known_date
    from contracts
    where contract_status = 'ended'
    group by
        source,
        contract_id

),

-- A contract may lack its kind; such a one is a subscription. One that is said to have
-- ended, nobody says when, ended before the day on which that was first known.
dated as (

    select
        contracts.source,
        contracts.contract_id,
        measured_accounts.account_id,
        contracts.ended_by,
        contracts.end_reason,
        contracts.monthly_amount,
        contracts.total_amount,
        contracts.start_date,
        coalesce(
            contracts.end_date,
            case
                when contracts.contract_status = 'ended'
                    then {{ add_days('endings_seen.ended_known_date', -1) }}
            end
        ) as end_date
    from contracts
    inner join measured_accounts on contracts.account_id = measured_accounts.account_id
    inner join kinds on coalesce(contracts.contract_kind, 'subscription') = kinds.contract_kind
    left join endings_seen
        on
            contracts.source = endings_seen.source
            and contracts.contract_id = endings_seen.contract_id
    where
        contracts.is_latest
        and kinds.is_recurring
        and coalesce(contracts.contract_status, 'active') in ('active', 'ended')
        and not coalesce(contracts.is_trial, false)

),

final as (

    select
        source,
        contract_id,
        account_id,
        ended_by,
        end_reason,
        -- the whole worth spread over the months, a twelfth of a year each
        cast(coalesce(
            monthly_amount,
            total_amount * 365.25 / 12 / ({{ days_between('start_date', 'end_date') }} + 1)
        ) as numeric(18, 4)) as monthly_amount,
        start_date,
        end_date
    from dated
    where end_date is null or end_date >= start_date

)

select * from final
