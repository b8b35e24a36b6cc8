with raw_payments as (select * from {{ source('raw', 'payments') }}),

known as (

    {{ known_versions('payments') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        payment_id,
        invoice_id,
        account_id_resolved as account_id,
        order_id,
        payment_method,
        cast(amount as numeric(18, 4)) as paid_amount,
        is_latest,
        {{ date_in_zone('paid_at') }} as paid_date,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('payments', 'payment_id') }}
