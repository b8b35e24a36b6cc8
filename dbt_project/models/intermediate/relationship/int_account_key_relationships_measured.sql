{%- set counts = [
    'opposers_count', 'champions_count', 'threads_count', 'over_claims_count',
] -%}
with roles as (select * from {{ ref('int_account_roles_filled') }}),

chains as (select * from {{ ref('int_account_chains_measured') }}),

threads as (select * from {{ ref('int_account_threads_measured') }}),

inputs as (select * from {{ ref('int_relationship_inputs_checked') }}),

standing as (

    select
        roles.*,
        inputs.has_contacts,
        inputs.has_interactions,
        chains.account_id is not null as has_known_contact,
        inputs.has_contacts and inputs.has_interactions and chains.account_id is not null
            as is_known,
        chains.contacts_known_count,
        chains.champion_silent_days,
        chains.economic_buyer_level,
        {%- for name in counts %}
            chains.{{ name }},
        {%- endfor %}
        -- the parts that nobody plays stand in the chain as people of value 0
        chains.weighted_value / nullif(chains.weight + roles.unfilled_weight, 0) as value,
        chains.covered_count,
        chains.supported_count,
        nullif(chains.chain_count + roles.unfilled_roles_count, 0) as chain_count,
        threads.contact_thread_rate,
        threads.manager_thread_rate
    from roles
    inner join inputs on roles.snapshot_date = inputs.snapshot_date
    left join chains
        on
            roles.account_id = chains.account_id
            and roles.snapshot_date = chains.snapshot_date
    left join threads
        on
            roles.account_id = threads.account_id
            and roles.snapshot_date = threads.snapshot_date

),

final as (

    select
        account_id,
        case when is_known then round(greatest(0, 100 * value), 4) end as key_index,
        case
            when has_known_contact
                then
                    cast(mandatory_roles_count - unfilled_roles_count as {{ type_double() }})
                    / mandatory_roles_count
        end as identified_rate,
        case
            when is_known then cast(covered_count as {{ type_double() }}) / chain_count
        end as covered_rate,
        case
            when is_known then cast(supported_count as {{ type_double() }}) / chain_count
        end as supported_rate,
        {%- for name in counts %}
            case when is_known then {{ name }} end as {{ name }},
        {%- endfor %}
        case when is_known then champion_silent_days end as champion_silent_days,
        economic_buyer_level,
        contact_thread_rate,
        manager_thread_rate,
        case when has_contacts then unfilled_roles_count end as unfilled_roles_count,
        case when has_contacts then coalesce(contacts_known_count, 0) end
            as contacts_known_count,
        case
            when is_known then null
            when not has_contacts or not has_interactions then 'no_source'
            else 'no_contact_known'
        end as key_index_unknown_reason,
        is_current,
        snapshot_date
    from standing

)

select * from final
