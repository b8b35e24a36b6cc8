with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

final as (

    select
        account_id,
        cast(null as numeric(9, 2)) as key_index,
        {%- for rate in ['identified_rate', 'covered_rate', 'supported_rate'] %}
            cast(null as {{ type_double() }}) as {{ rate }},
        {%- endfor %}
        cast(null as bigint) as opposers_count,
        cast(null as bigint) as champions_count,
        cast(null as int) as champion_silent_days,
        {%- for rate in ['contact_thread_rate', 'manager_thread_rate'] %}
            cast(null as {{ type_double() }}) as {{ rate }},
        {%- endfor %}
        cast(null as bigint) as threads_count,
        cast(null as bigint) as over_claims_count,
        cast(null as bigint) as unfilled_roles_count,
        cast(null as bigint) as contacts_known_count,
        snapshot_date
    from accounts

)

select * from final
