{%- set today = 'dated.snapshot_date' -%}
{%- set dates = {'now': today, 'before': add_days(today, -90)} -%}
{%- set days_run = days_between('dated.start_date', 'dated.snapshot_date') -%}
with contracts as (select * from {{ ref('stg_raw__contracts') }}),

contract_kinds as (select * from {{ ref('policy_contract_kinds') }}),

churn_kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

days as (select * from {{ ref('int_snapshot_dates_listed') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

-- One that ended, nobody says when, ended before that was known. An end that is told of a
-- day still to come is told in hindsight: that day it ran on.
dated as (

    select
        contracts.account_id,
        cast(coalesce(
            contracts.monthly_amount,
            contracts.total_amount * 365.25 / 12
            / nullif({{ days_between('contracts.start_date', 'contracts.end_date') }} + 1, 0),
            0
        ) as numeric(18, 4)) as monthly_amount,
        case contracts.billing_period
            when 'month' then 365.25 / 12
            when 'quarter' then 365.25 / 4
            when 'year' then 365.25
        end as period_days,
        coalesce(contracts.notice_date <= days.snapshot_date, false) as is_notice_given,
        contracts.start_date,
        case
            when coalesce(contracts.contract_status, 'active') <> 'ended' then contracts.end_date
            when contracts.end_date is null then {{ add_days('contracts.known_date', -1) }}
            when contracts.end_date <= days.snapshot_date then contracts.end_date
        end as known_end_date,
        days.snapshot_date
    from contracts
    inner join contract_kinds
        on coalesce(contracts.contract_kind, 'subscription') = contract_kinds.contract_kind
    inner join churn_kinds on churn_kinds.churn_kind = 'contractual' and churn_kinds.is_scored
    inner join days on {{ is_in_force('contracts', 'days.snapshot_date') }}
    where
        contract_kinds.is_recurring
        and contracts.start_date <= days.snapshot_date
        and coalesce(contracts.contract_status, 'active') in ('active', 'ended')
        and not coalesce(contracts.is_trial, false)

),

running as (

    select
        dated.*,
        {%- for name, day in dates.items() %}
            dated.start_date <= {{ day }} and coalesce(dated.known_end_date >= {{ day }}, true)
                as is_running_{{ name }},
        {%- endfor %}
        case
            when dated.is_notice_given then 0
            when dated.known_end_date is not null
                then {{ days_between('dated.snapshot_date', 'dated.known_end_date') }}
            else dated.period_days - mod({{ days_run }}, dated.period_days)
        end as renewal_days_left
    from dated

),

final as (

    select
        running.account_id,
        count(case when running.is_running_now then 1 end) as contracts_count,
        {{ days_between('min(running.start_date)', 'running.snapshot_date') }}
            as contract_tenure_days,
        cast(max(
            case when running.is_running_now then running.renewal_days_left end
        ) as {{ type_double() }}) as renewal_days_left,
        {%- for name in dates %}
            sum(
                case when running.is_running_{{ name }} then running.monthly_amount else 0 end
            ) as mrr_{{ name }}_amount,
        {%- endfor %}
        running.snapshot_date
    from running
    inner join accounts
        on
            running.account_id = accounts.account_id
            and accounts.is_latest
            and not accounts.is_internal
    group by
        running.account_id,
        running.snapshot_date
    having count(case when running.is_running_now then 1 end) > 0

)

select * from final
