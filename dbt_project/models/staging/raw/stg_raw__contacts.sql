with raw_contacts as (select * from {{ source('raw', 'contacts') }}),

known as (

    {{ known_versions('contacts') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        contact_id,
        account_id_resolved as account_id,
        reports_to_id,
        account_manager_id,
        contact_name,
        job_title,
        department,
        seniority,
        buying_role,
        decision_chain,
        email,
        phone,
        consent,
        claimed_level,
        is_primary,
        is_latest,
        left_date,
        {{ date_in_zone('created_at') }} as created_date,
        known_date,
        superseded_date,
        created_at,
        known_at
    from resolved

)

{{ versions_and_carried('contacts', 'contact_id') }}
