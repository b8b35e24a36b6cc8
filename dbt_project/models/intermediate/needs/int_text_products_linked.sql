with names as (select * from {{ ref('stg_ops__text_names') }}),

products as (select * from {{ ref('dim_products') }}),

categories as (

    select distinct category from products

),

found as (

    select
        names.text_digest,
        products.product_id,
        products.category
    from names
    inner join products on names.name = products.product_name

    union all

    select
        names.text_digest,
        null as product_id,
        names.name as category
    from names
    inner join categories on names.name = categories.category

),

-- Of several products a text is about none in particular, but maybe about their category.
final as (

    select
        text_digest,
        case when count(distinct product_id) = 1 then max(product_id) end as product_id,
        case when count(distinct category) = 1 then max(category) end as category
    from found
    group by text_digest

)

select * from final
