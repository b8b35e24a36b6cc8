with contracts as (select * from {{ ref('int_contracts_bridged') }}),

ends as (select * from {{ ref('int_contract_ends_explained') }}),

endings as (select * from {{ ref('policy_contract_endings') }}),

churn_days as (select * from {{ ref('int_churn_days_listed') }}),

policy as ({{ policy_values(['contract_gap_days']) }}),

-- Who signs again within the gap has not left, so a label closes when the gap is over.
days as (

    select
        churn_days.snapshot_date,
        churn_days.opens_after_date,
        churn_days.closes_on as until_date,
        {{ add_days('churn_days.closes_on', 'policy.contract_gap_days') }} as closes_on
    from churn_days
    cross join policy

),

under_contract as (

    select distinct
        contracts.account_id,
        days.snapshot_date,
        days.opens_after_date,
        days.until_date,
        days.closes_on
    from days
    inner join contracts
        on
            days.snapshot_date >= contracts.start_date
            and days.snapshot_date
            <= coalesce(contracts.in_force_until_date, days.snapshot_date)
    where days.closes_on <= {{ as_of_date() }}

),

-- The first days on which a customer has no contract, and none follows in time.
left_days as (

    select distinct
        account_id,
        {{ add_days('end_date', 1) }} as left_date
    from contracts
    where end_date is not null and not is_renewed

),

judged as (

    select
        under_contract.account_id,
        under_contract.opens_after_date,
        min(left_days.left_date) as left_date,
        coalesce(min(left_days.left_date) <= under_contract.until_date, false) as is_churned,
        under_contract.closes_on,
        under_contract.snapshot_date
    from under_contract
    left join left_days
        on
            under_contract.account_id = left_days.account_id
            and under_contract.snapshot_date < left_days.left_date
    group by
        under_contract.account_id,
        under_contract.opens_after_date,
        under_contract.until_date,
        under_contract.closes_on,
        under_contract.snapshot_date

),

final as (

    select
        judged.account_id,
        judged.is_churned,
        ends.is_voluntary,
        ends.reason,
        judged.closes_on,
        judged.snapshot_date
    from judged
    left join ends
        on
            judged.is_churned
            and judged.account_id = ends.account_id
            and {{ month_start('judged.left_date') }} = ends.month_date
    left join endings on ends.ended_by = endings.ended_by
    where
        (judged.left_date is null or judged.left_date > judged.opens_after_date)
        -- whom another company took over has not left
        and (endings.ended_by is null or endings.is_voluntary is not null)

)

select * from final
