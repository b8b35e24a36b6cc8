{#- Every figure of the key side, the general parts and the organisation gates of one day. -#}
with compared as (select * from {{ ref('int_account_relationships_compared') }}),

key_side as (select * from {{ ref('int_account_key_relationships_measured') }}),

general as (select * from {{ ref('int_account_general_relationships_scored') }}),

rates as (select * from {{ ref('int_general_rates_measured') }}),

organisation as (select * from {{ ref('int_account_organisation_levels_decided') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

general_levels as (select * from {{ ref('policy_relationship_general_levels') }}),

organisation_levels as (select * from {{ ref('policy_relationship_organisation_levels') }}),

final as (

    select
        compared.account_id || '|' || compared.snapshot_date as account_relationship_key,
        compared.account_id,
        compared.snapshot_date,
        compared.is_current,
        compared.relationship_index,
        compared.coverage_rate,
        case when compared.relationship_index is null then 'no_dimension_known' end
            as relationship_unknown_reason,
        compared.previous_snapshot_date,
        compared.previous_relationship_index,
        compared.relationship_index_change,
        compared.key_index,
        compared.key_index_change,
        key_side.key_index_unknown_reason as key_unknown_reason,
        {%- for column in [
            'identified_rate', 'covered_rate', 'supported_rate', 'opposers_count',
            'champions_count', 'champion_silent_days', 'contact_thread_rate',
            'manager_thread_rate', 'threads_count', 'over_claims_count', 'unfilled_roles_count',
        ] %}
            key_side.{{ column }},
        {%- endfor %}
        compared.general_index,
        compared.general_index_change,
        compared.general_level_code,
        general_levels.name_en as general_level_name_en,
        general_levels.name_zh as general_level_name_zh,
        compared.previous_general_level_code,
        general.general_coverage_rate,
        general.general_unknown_reason,
        {%- for part in ['departments', 'breadth', 'response', 'technical', 'record'] %}
            {{ round_rate('rates.' ~ part ~ '_rate') }} as {{ part }}_rate,
        {%- endfor %}
        compared.organisation_index,
        compared.organisation_index_change,
        compared.organisation_level_code,
        organisation_levels.name_en as organisation_level_name_en,
        organisation_levels.name_zh as organisation_level_name_zh,
        compared.previous_organisation_level_code,
        organisation.is_unproven,
        organisation.next_gates_failed_count,
        organisation.next_gates_unknown_count,
        {{ as_of_date() }} as as_of_date
    from compared
    inner join days on compared.snapshot_date = days.snapshot_date
    inner join general
        on
            compared.account_id = general.account_id
            and compared.snapshot_date = general.snapshot_date
    inner join rates
        on
            compared.account_id = rates.account_id
            and compared.snapshot_date = rates.snapshot_date
    inner join organisation
        on
            compared.account_id = organisation.account_id
            and compared.snapshot_date = organisation.snapshot_date
    inner join organisation_levels
        on compared.organisation_level_code = organisation_levels.level_code
    left join key_side
        on
            compared.account_id = key_side.account_id
            and compared.snapshot_date = key_side.snapshot_date
    left join general_levels on compared.general_level_code = general_levels.level_code

)

{{ final_and_carried('months') }}
