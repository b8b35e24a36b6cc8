{#- Everything the parts of the general relationship are made of; what was counted is 0
    where nothing was. Whether anybody could have told of it stands beside. -#}
{%- set counted = {
    'people': [
        'contacts_on_record_count', 'contacts_known_count', 'contacts_active_count',
        'contacts_in_department_window_count', 'contacts_placed_count',
    ],
    'exchanges': [
        'interactions_count', 'exchanges_judged_count', 'exchanges_two_way_count',
        'two_way_count', 'two_way_named_count', 'executive_meetings_count',
    ],
    'bids': [
        'bids_count', 'bids_decided_count', 'bids_won_count', 'bids_specify_known_count',
        'bids_specified_count', 'bids_ranked_count',
    ],
    'promises': ['promises_count', 'promises_kept_count'],
    'complaints': ['complaints_count', 'order_days_count'],
    'departments': ['departments_target_count', 'departments_covered_count'],
} -%}
{%- set parts = {
    'people': 'int_account_people_counted',
    'exchanges': 'int_account_exchanges_counted',
    'bids': 'int_account_bids_measured',
    'promises': 'int_account_promises_counted',
    'complaints': 'int_account_complaints_counted',
    'departments': 'int_account_departments_covered',
} -%}
with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

inputs as (select * from {{ ref('int_organisation_inputs_checked') }}),

contact_targets as (select * from {{ ref('policy_relationship_contact_targets') }}),

{% for part, model in parts.items() %}
    {{ part }} as (select * from {{ ref(model) }}),

{% endfor %}
final as (

    select
        accounts.account_id,
        {%- for part, columns in counted.items() %}
            {%- for column in columns %}
                coalesce({{ part }}.{{ column }}, 0) as {{ column }},
            {%- endfor %}
        {%- endfor %}
        bids.technical_rank_rate,
        contact_targets.contacts_target_count,
        inputs.has_bids,
        inputs.has_complaints,
        inputs.has_contacts,
        inputs.has_interactions,
        inputs.has_people_named,
        inputs.has_promises,
        inputs.has_ranks_named,
        accounts.is_current,
        accounts.snapshot_date
    from accounts
    inner join inputs on accounts.snapshot_date = inputs.snapshot_date
    left join contact_targets
        on
            contact_targets.size_band = case
                when
                    accounts.size_band in (select sized.size_band from contact_targets as sized)
                    then accounts.size_band
                else '*'
            end
    {%- for part in parts %}
        left join {{ part }}
            on
                accounts.account_id = {{ part }}.account_id
                and accounts.snapshot_date = {{ part }}.snapshot_date
    {%- endfor %}

)

select * from final
