with measured as (select * from {{ ref('int_account_key_relationships_measured') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

final as (

    select
        measured.account_id,
        cast(measured.key_index as numeric(18, 4)) as key_index,
        measured.key_index_unknown_reason,
        measured.identified_rate,
        measured.covered_rate,
        measured.supported_rate,
        measured.contact_thread_rate,
        measured.manager_thread_rate,
        cast(measured.contacts_known_count as bigint) as contacts_known_count,
        cast(measured.threads_count as bigint) as threads_count,
        cast(measured.opposers_count as bigint) as opposers_count,
        cast(measured.champions_count as bigint) as champions_count,
        cast(measured.over_claims_count as bigint) as over_claims_count,
        cast(measured.unfilled_roles_count as bigint) as unfilled_roles_count,
        measured.champion_silent_days,
        measured.economic_buyer_level,
        measured.is_current,
        measured.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from measured
    inner join days on measured.snapshot_date = days.snapshot_date

)

{{ final_and_carried('months') }}
