with raw_products as (select * from {{ source('raw', 'products') }}),

known as (

    {{ known_versions('products') }}

),

renamed as (

    select
        source,
        product_id,
        product_name,
        category,
        cast(unit_cost as numeric(18, 4)) as unit_cost,
        cast(list_price as numeric(18, 4)) as list_price,
        is_active,
        is_latest,
        known_date,
        superseded_date,
        known_at
    from known

)

{{ versions_and_carried('products', 'product_id') }}
