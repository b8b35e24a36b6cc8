with products as (select * from {{ ref('stg_raw__products') }}),

sources as (select * from {{ ref('stg_ops__sources') }}),

order_lines as (select * from {{ ref('fct_order_lines') }}),

ranked as (

    select
        products.*,
        coalesce(sources.source_rank, 999999) as source_rank
    from products
    left join sources
        on products.source = sources.source
    where products.is_latest

),

merged as (

    select
        product_id,
        {{ first_by_rank('product_name') }} as product_name,
        {{ first_by_rank('category') }} as category
    from ranked
    group by product_id

),

-- A product that only order lines know has no name, but its sales must not vanish from
-- a join.
sold as (

    select distinct product_id
    from order_lines
    where product_id is not null

),

final as (

    select
        coalesce(merged.product_id, sold.product_id) as product_id,
        merged.product_name,
        merged.category,
        {{ as_of_date() }} as as_of_date
    from merged
    full outer join sold
        on merged.product_id = sold.product_id

)

select * from final
