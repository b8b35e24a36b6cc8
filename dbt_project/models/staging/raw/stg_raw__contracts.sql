with raw_contracts as (select * from {{ source('raw', 'contracts') }}),

known as (

    {{ known_versions('contracts') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        contract_id,
        account_id_resolved as account_id,
        opportunity_id,
        product_id,
        previous_contract_id,
        contract_name,
        family,
        kind as contract_kind,
        scope,
        status as contract_status,
        ended_by,
        end_reason,
        billing_period,
        currency_code,
        cast(seats as numeric(18, 4)) as seats,
        cast(monthly_amount as numeric(18, 4)) as monthly_amount,
        cast(total_amount as numeric(18, 4)) as total_amount,
        is_trial,
        renews_itself,
        is_latest,
        start_date,
        end_date,
        signed_date,
        notice_date,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('contracts', 'contract_id') }}
