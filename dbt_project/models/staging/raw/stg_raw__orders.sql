with raw_orders as (

    select * from {{ source('raw', 'orders') }}

),

versions as (

    select
        source,
        order_id,
        account_id,
        status as order_status,
        {{ date_in_zone('ordered_at') }} as order_date,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        ordered_at,
        known_at
    from raw_orders
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        order_id,
        account_id,
        order_status,
        superseded_date is null as is_latest,
        order_date,
        known_date,
        superseded_date,
        ordered_at,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
