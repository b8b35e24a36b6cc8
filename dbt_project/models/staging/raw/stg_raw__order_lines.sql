with raw_order_lines as (

    select * from {{ source('raw', 'order_lines') }}

),

versions as (

    select
        source,
        order_line_id,
        order_id,
        product_id,
        line_kind,
        cast(quantity as numeric(18, 4)) as quantity,
        cast(net_amount as numeric(18, 4)) as net_amount,
        cast(cost_amount as numeric(18, 4)) as cost_amount,
        {{ date_in_zone('known_at') }} as known_date,
        {{ superseded_date() }} as superseded_date,
        known_at
    from raw_order_lines
    where {{ date_in_zone('known_at') }} <= {{ as_of_date() }}

),

-- of several versions of one day, the day's last one counts
known as (

    select
        source,
        order_line_id,
        order_id,
        product_id,
        line_kind,
        quantity,
        net_amount,
        cost_amount,
        superseded_date is null as is_latest,
        known_date,
        superseded_date,
        known_at
    from versions
    where superseded_date is null or superseded_date > known_date

)

select * from known
