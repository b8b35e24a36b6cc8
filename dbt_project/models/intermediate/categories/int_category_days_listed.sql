with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

products as (select * from {{ ref('dim_products') }}),

final as (

    select
        order_lines.account_id,
        products.category,
        sum(order_lines.net_amount) as net_revenue_amount,
        sum(order_lines.net_amount) > 0 as is_order_day,
        {{ month_number('order_lines.order_date') }} as month_number,
        order_lines.order_date
    from order_lines
    inner join products on order_lines.product_id = products.product_id
    where
        order_lines.is_latest
        and order_lines.is_measured
        and order_lines.is_revenue
        and products.category is not null
    group by
        order_lines.account_id,
        products.category,
        order_lines.order_date

)

select * from final
