{#- One column a measure or fact; null is not known. Why stands with the measures. -#}
{%- set parts = {
    'rhythms': 'int_account_rhythms_measured',
    'half_years': 'int_account_half_years_compared',
    'replies': 'int_account_replies_counted',
    'complaints': 'int_account_complaints_counted',
    'dues': 'int_account_dues_measured',
    'relationships': 'int_account_relationships_compared',
    'opinions': 'int_account_opinions_measured',
    'commitments': 'int_account_commitments_measured',
    'renewals': 'int_account_renewals_counted',
    'opposition': 'int_account_opposition_counted',
} -%}
with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

inputs as (select * from {{ ref('int_health_inputs_checked') }}),

{% for part, model in parts.items() %}
    {{ part }} as (select * from {{ ref(model) }}),

{% endfor %}
policy as ({{ policy_values(['health_relationship_coverage_minimum']) }}),

minimum as ({{ health_policy('cases_minimum', ['renewal_rate']) }}),

final as (

    select
        accounts.account_id,
        accounts.size_band,
        {{ days_between(
            'least(half_years.first_order_date, commitments.first_contract_date)',
            'accounts.snapshot_date',
        ) }} as tenure_days,
        {{ contract_mode(
            'commitments.first_contract_date is not null',
            'half_years.first_order_date is not null',
        ) }} as contract_mode,
        rhythms.overdue_ratio,
        half_years.spend_trend_rate,
        replies.reply_in_target_rate,
        replies.resolution_in_target_rate,
        case
            when inputs.has_complaints
                then {{ rate('complaints.complaints_count', 'complaints.order_days_count') }}
        end as complaint_rate,
        case when inputs.has_payments then dues.days_late end as days_late,
        case
            when relationships.coverage_rate >= policy.health_relationship_coverage_minimum
                then relationships.relationship_index
        end as relationship_index,
        opinions.nps_rate,
        opinions.csat_rate,
        commitments.contract_days_left,
        case
            when renewals.contracts_due_count >= minimum.renewal_rate_cases_minimum
                then {{ rate('renewals.contracts_renewed_count', 'renewals.contracts_due_count') }}
        end as renewal_rate,
        opposition.opposing_decision_makers_count,
        case when inputs.has_payments then dues.overdue_days end as overdue_days,
        commitments.notices_count,
        {%- for input in [
            'order_lines', 'complaints', 'replies', 'resolutions', 'dues', 'payments', 'nps', 'csat',
            'contracts',
        ] %}
            inputs.has_{{ input }},
        {%- endfor %}
        accounts.is_current,
        accounts.snapshot_date
    from accounts
    cross join policy
    cross join minimum
    inner join inputs on accounts.snapshot_date = inputs.snapshot_date
    {%- for part in parts %}
        left join {{ part }}
            on
                accounts.account_id = {{ part }}.account_id
                and accounts.snapshot_date = {{ part }}.snapshot_date
    {%- endfor %}

)

select * from final
