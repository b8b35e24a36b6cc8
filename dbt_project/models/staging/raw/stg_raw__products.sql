with raw_products as (

    select * from {{ source('raw', 'products') }}

),

known as (

    {{ known_versions('raw_products') }}

),

renamed as (

    select
        source,
        product_id,
        product_name,
        category,
        is_latest,
        known_date,
        superseded_date,
        known_at
    from known

)

select * from renamed
