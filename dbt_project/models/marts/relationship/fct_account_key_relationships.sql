with measured as (select * from {{ ref('int_account_key_relationships_measured') }}),

final as (

    select
        account_id,
        cast(key_index as numeric(18, 4)) as key_index,
        key_index_unknown_reason,
        identified_rate,
        covered_rate,
        supported_rate,
        contact_thread_rate,
        manager_thread_rate,
        cast(contacts_known_count as bigint) as contacts_known_count,
        cast(threads_count as bigint) as threads_count,
        cast(opposers_count as bigint) as opposers_count,
        cast(champions_count as bigint) as champions_count,
        cast(over_claims_count as bigint) as over_claims_count,
        cast(unfilled_roles_count as bigint) as unfilled_roles_count,
        champion_silent_days,
        is_current,
        snapshot_date,
        {{ as_of_date() }} as as_of_date
    from measured

)

select * from final
