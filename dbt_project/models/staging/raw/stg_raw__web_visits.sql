with raw_web_visits as (select * from {{ source('raw', 'web_visits') }}),

known as (

    {{ known_versions('web_visits') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        web_visit_id,
        account_id_resolved as account_id,
        contact_id,
        contract_id,
        campaign_id,
        web_domain,
        page,
        referrer,
        cast(use_count as numeric(18, 4)) as use_count,
        cast(duration_seconds as numeric(18, 4)) as duration_seconds,
        cast(error_count as numeric(18, 4)) as error_count,
        is_signed_in,
        is_latest,
        {{ date_in_zone('visited_at') }} as visited_date,
        known_date,
        superseded_date,
        visited_at,
        known_at
    from resolved

)

{{ versions_and_carried('web_visits', 'web_visit_id') }}
