{#- What gates of the organisation relationship ask for and sources tell, one column a measure. -#}
{%- set parts = {
    'facts': 'int_general_facts_joined',
    'agreements': 'int_account_agreements_measured',
    'renewals': 'int_account_renewals_counted',
    'wallets': 'int_account_wallet_shares_measured',
    'revenues': 'int_account_revenues_measured',
    'quotes': 'int_account_quotes_counted',
    'joint_works': 'int_account_joint_works_found',
} -%}
with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

inputs as (select * from {{ ref('int_organisation_inputs_checked') }}),

{% for part, model in parts.items() %}
    {{ part }} as (select * from {{ ref(model) }}),

{% endfor %}
policy as ({{ measure_policy('cases_minimum', ['bid_win_rate', 'renewal_rate']) }}),

final as (

    select
        accounts.account_id,
        -- an agreement whose reach nobody wrote down is no proof of any
        case
            when not inputs.has_contracts then null
            when agreements.agreements_count > 0 then agreements.agreement_scope_rank
            else 0
        end as agreement_scope,
        case when inputs.has_ranks_named then facts.executive_meetings_count end
            as executive_meetings,
        -- that no record speaks of joint work proves nothing
        nullif(joint_works.joint_plans_count, 0) as joint_plans,
        nullif(joint_works.joint_projects_count, 0) as joint_projects,
        {{ round_rate('wallets.share_of_wallet_rate') }} as share_of_wallet,
        case
            when facts.bids_decided_count >= policy.bid_win_rate_cases_minimum
                then {{ round_rate(rate('facts.bids_won_count', 'facts.bids_decided_count')) }}
        end as bid_win_rate,
        case
            when renewals.contracts_due_count >= policy.renewal_rate_cases_minimum
                then {{ round_rate(
                    rate('renewals.contracts_renewed_count', 'renewals.contracts_due_count')
                ) }}
        end as renewal_rate,
        revenues.order_days_count as order_days,
        revenues.order_days_2y_count as order_days_2y,
        case when inputs.has_bids then facts.bids_count end as bids,
        case when inputs.has_opportunities then coalesce(quotes.quotes_count, 0) end as quotes,
        inputs.has_bids,
        inputs.has_contracts,
        facts.bids_decided_count,
        facts.bids_won_count,
        coalesce(renewals.contracts_due_count, 0) as contracts_due_count,
        coalesce(renewals.contracts_renewed_count, 0) as contracts_renewed_count,
        agreements.agreement_until_date,
        accounts.is_current,
        accounts.snapshot_date
    from accounts
    cross join policy
    inner join inputs on accounts.snapshot_date = inputs.snapshot_date
    {%- for part in parts %}
        left join {{ part }}
            on
                accounts.account_id = {{ part }}.account_id
                and accounts.snapshot_date = {{ part }}.snapshot_date
    {%- endfor %}

)

select * from final
