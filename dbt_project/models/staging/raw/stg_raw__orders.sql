with raw_orders as (select * from {{ source('raw', 'orders') }}),

known as (

    {{ known_versions('orders') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        order_id,
        account_id_resolved as account_id,
        opportunity_id,
        account_manager_id,
        status as order_status,
        channel as order_channel,
        currency_code,
        is_latest,
        {{ date_in_zone('ordered_at') }} as order_date,
        expected_date,
        delivered_date,
        known_date,
        superseded_date,
        ordered_at,
        known_at
    from resolved

)

{{ versions_and_carried('orders', 'order_id') }}
