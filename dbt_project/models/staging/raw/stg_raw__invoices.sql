with raw_invoices as (select * from {{ source('raw', 'invoices') }}),

known as (

    {{ known_versions('invoices') }}

),

resolved as (

    {{ resolved_accounts('known', ['account_id'], source('ops', 'account_keys')) }}

),

renamed as (

    select
        source,
        invoice_id,
        account_id_resolved as account_id,
        order_id,
        contract_id,
        corrects_invoice_id,
        kind as invoice_kind,
        currency_code,
        cast(amount as numeric(18, 4)) as invoice_amount,
        is_latest,
        due_date,
        {{ date_in_zone('invoiced_at') }} as invoiced_date,
        known_date,
        superseded_date,
        known_at
    from resolved

)

{{ versions_and_carried('invoices', 'invoice_id') }}
