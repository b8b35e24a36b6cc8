with raw_products as (

    select * from {{ source('raw', 'products') }}

),

versions as (

    select
        source,
        product_id,
        product_name,
        category,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_products
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        product_id,
        product_name,
        category,
        superseded_date is null as is_latest,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
