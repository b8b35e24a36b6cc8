with raw_interactions as (select * from {{ source('raw', 'interactions') }}),

known as (

    {{ known_versions('interactions') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        interaction_id,
        account_id_resolved as account_id,
        contact_id,
        opportunity_id,
        campaign_id,
        account_manager_id,
        kind as interaction_kind,
        direction,
        status as interaction_status,
        outcome as interaction_outcome,
        counterpart_level,
        our_level,
        evidence,
        subject,
        note,
        participant_count,
        cast(duration_minutes as numeric(18, 4)) as duration_minutes,
        is_two_way,
        is_latest,
        {{ date_in_zone('happened_at') }} as happened_date,
        known_date,
        superseded_date,
        happened_at,
        known_at
    from resolved

)

{{ versions_and_carried('interactions', 'interaction_id') }}
