with raw_prices as (select * from {{ source('raw', 'prices') }}),

known as (

    {{ known_versions('prices') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        price_id,
        product_id,
        account_id_resolved as account_id,
        price_list,
        currency_code,
        cast(unit_price as numeric(18, 4)) as unit_price,
        cast(min_quantity as numeric(18, 4)) as min_quantity,
        is_latest,
        valid_from,
        valid_until,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('prices', 'price_id') }}
