with raw_payments as (

    select * from {{ source('raw', 'payments') }}

),

versions as (

    select
        source,
        payment_id,
        invoice_id,
        cast(amount as numeric(18, 4)) as paid_amount,
        {{ date_in_zone('paid_at') }} as paid_date,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_payments
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        payment_id,
        invoice_id,
        paid_amount,
        superseded_date is null as is_latest,
        paid_date,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
