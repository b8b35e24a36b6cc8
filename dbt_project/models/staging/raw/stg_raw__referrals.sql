with raw_referrals as (select * from {{ source('raw', 'referrals') }}),

known as (

    {{ known_versions('referrals') }}

),

resolved as (

    {{ resolved_accounts(
        'known',
        ['account_id', 'referred_account_id'],
        source('ops', 'account_keys')
    ) }}

),

renamed as (

    select
        source,
        referral_id,
        account_id_resolved as account_id,
        contact_id,
        referred_account_id_resolved as referred_account_id,
        opportunity_id,
        status as referral_status,
        is_latest,
        {{ date_in_zone('referred_at') }} as referred_date,
        known_date,
        superseded_date,
        referred_at,
        known_at
    from resolved

)

{{ versions_and_carried('referrals', 'referral_id') }}
