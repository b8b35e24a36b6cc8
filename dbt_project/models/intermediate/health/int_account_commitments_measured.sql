with contracts as (select * from {{ ref('stg_raw__contracts') }}),

kinds as (select * from {{ ref('policy_contract_kinds') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

policy as ({{ health_policy('window_days', ['contract_days_left']) }}),

best as ({{ health_policy('best_value', ['contract_days_left']) }}),

gaps as ({{ policy_values(['contract_gap_days']) }}),

-- One that is said to have ended, nobody says when, is over when that is known. One that
-- was signed already goes on from the one before, whenever it begins.
running as (

    select
        contracts.account_id,
        contracts.start_date,
        contracts.end_date,
        coalesce(contracts.notice_date <= days.snapshot_date, false) as is_notice_given,
        case
            when contracts.end_date is null and contracts.contract_status = 'ended'
                then contracts.known_date
            -- an end that was still to come is told in hindsight: nobody knew of it that day
            when contracts.contract_status = 'ended'
                then case when contracts.end_date <= days.snapshot_date then contracts.end_date end
            when contracts.notice_date <= days.snapshot_date
                then coalesce(contracts.end_date, days.snapshot_date)
            when not coalesce(contracts.renews_itself, false) then contracts.end_date
        end as until_date,
        days.snapshot_date
    from contracts
    inner join kinds
        on coalesce(contracts.contract_kind, 'subscription') = kinds.contract_kind
    inner join days on {{ is_in_force('contracts', 'days.snapshot_date') }}
    where
        contracts.account_id is not null
        and kinds.is_recurring
        and not coalesce(contracts.is_trial, false)
        and coalesce(contracts.contract_status, 'active') in ('active', 'ended')
        and least(contracts.start_date, contracts.signed_date) <= days.snapshot_date

),

-- without an end it lasts as long as is asked for
lasting as (

    select
        running.account_id,
        running.start_date,
        running.is_notice_given,
        coalesce(
            {{ days_between('running.snapshot_date', 'running.until_date') }},
            cast(best.contract_days_left_best_value as integer)
        ) as days_left,
        running.snapshot_date
    from running
    cross join best

),

final as (

    select
        lasting.account_id,
        min(case when lasting.start_date <= lasting.snapshot_date then lasting.start_date end)
            as first_contract_date,
        -- what is left after notice is the way out
        case
            when max(lasting.days_left) > -max(policy.contract_days_left_window_days)
                then coalesce(
                    max(case when not lasting.is_notice_given then lasting.days_left end), 0
                )
        end as contract_days_left,
        case
            when
                max(case when not lasting.is_notice_given then lasting.days_left end)
                > max(case when lasting.is_notice_given then lasting.days_left end)
                then 0
            else count(
                case
                    when
                        lasting.is_notice_given
                        and lasting.days_left >= -gaps.contract_gap_days
                        then 1
                end
            )
        end as notices_count,
        lasting.snapshot_date
    from lasting
    cross join policy
    cross join gaps
    group by
        lasting.account_id,
        lasting.snapshot_date

)

select * from final
