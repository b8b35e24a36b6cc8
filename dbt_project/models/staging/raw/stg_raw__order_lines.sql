with raw_order_lines as (select * from {{ source('raw', 'order_lines') }}),

known as (

    {{ known_versions('order_lines') }}

),

renamed as (

    select
        source,
        order_line_id,
        order_id,
        product_id,
        line_kind,
        cast(quantity as numeric(18, 4)) as quantity,
        cast(net_amount as numeric(18, 4)) as net_amount,
        cast(discount_amount as numeric(18, 4)) as discount_amount,
        cast(cost_amount as numeric(18, 4)) as cost_amount,
        is_latest,
        known_date,
        superseded_date,
        known_at
    from known

)

{{ versions_and_carried('order_lines', 'order_line_id') }}
