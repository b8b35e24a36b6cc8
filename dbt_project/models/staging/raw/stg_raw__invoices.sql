with raw_invoices as (

    select * from {{ source('raw', 'invoices') }}

),

versions as (

    select
        source,
        invoice_id,
        account_id,
        kind as invoice_kind,
        cast(amount as numeric(18, 4)) as invoice_amount,
        due_date,
        {{ date_in_zone('invoiced_at') }} as invoiced_date,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_invoices
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        invoice_id,
        account_id,
        invoice_kind,
        invoice_amount,
        superseded_date is null as is_latest,
        due_date,
        invoiced_date,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
