with products as (select * from {{ ref('stg_raw__products') }}),

sources as (select * from {{ ref('stg_ops__sources') }}),

days as (select * from {{ ref('int_next_product_days_listed') }}),

ranked as (

    select
        products.product_id,
        products.is_active,
        coalesce(sources.source_rank, 999999) as source_rank,
        days.snapshot_date
    from products
    inner join days on {{ is_in_force('products', 'days.snapshot_date') }}
    left join sources on products.source = sources.source

),

final as (

    select
        product_id,
        snapshot_date
    from ranked
    group by
        product_id,
        snapshot_date
    having {{ first_by_rank('is_active') }} = 'false'

)

select * from final
