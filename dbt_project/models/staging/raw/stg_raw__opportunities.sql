with raw_opportunities as (select * from {{ source('raw', 'opportunities') }}),

known as (

    {{ known_versions('opportunities') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        opportunity_id,
        account_id_resolved as account_id,
        contact_id,
        account_manager_id,
        campaign_id,
        product_id,
        opportunity_name,
        kind as opportunity_kind,
        stage,
        status as opportunity_status,
        currency_code,
        origin,
        loss_reason,
        competitor,
        cast(amount as numeric(18, 4)) as opportunity_amount,
        cast(probability as numeric(18, 4)) as probability,
        is_latest,
        {{ date_in_zone('opened_at') }} as opened_date,
        expected_close_date,
        {{ date_in_zone('closed_at') }} as closed_date,
        known_date,
        superseded_date,
        opened_at,
        closed_at,
        known_at
    from resolved

)

{{ versions_and_carried('opportunities', 'opportunity_id') }}
