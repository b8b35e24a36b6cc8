with raw_campaign_members as (select * from {{ source('raw', 'campaign_members') }}),

known as (

    {{ known_versions('campaign_members') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        campaign_member_id,
        campaign_id,
        account_id_resolved as account_id,
        contact_id,
        status as campaign_member_status,
        arm as campaign_arm,
        is_latest,
        {{ date_in_zone('joined_at') }} as joined_date,
        known_date,
        superseded_date,
        joined_at,
        known_at
    from resolved

)

{{ versions_and_carried('campaign_members', 'campaign_member_id') }}
