with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

products as (select * from {{ ref('dim_products') }}),

days as (select * from {{ ref('int_value_days_listed') }}),

aged as (

    select
        order_lines.account_id,
        order_lines.net_amount,
        order_lines.net_amount - order_lines.cost_amount as margin_amount,
        coalesce(products.category, '') as category,
        {{ days_between('order_lines.order_date', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from order_lines
    inner join days
        on
            order_lines.order_date <= days.snapshot_date
            and order_lines.order_date > {{ add_days('days.snapshot_date', -730) }}
            and {{ is_in_force('order_lines', 'days.snapshot_date') }}
    left join products on order_lines.product_id = products.product_id
    where order_lines.is_measured and order_lines.is_revenue

),

final as (

    select
        account_id,
        category,
        sum(case when age_days < 365 then net_amount else 0 end) as net_revenue_365d_amount,
        sum(case when age_days < 365 then margin_amount end) as margin_365d_amount,
        sum(case when age_days >= 365 then margin_amount end) as margin_prior_365d_amount,
        sum(case when age_days < 365 then abs(net_amount) else 0 end) as traded_365d_amount,
        sum(case when age_days >= 365 then abs(net_amount) else 0 end)
            as traded_prior_365d_amount,
        sum(
            case when age_days < 365 and margin_amount is not null then abs(net_amount) else 0 end
        ) as costed_365d_amount,
        sum(
            case when age_days >= 365 and margin_amount is not null then abs(net_amount) else 0 end
        ) as costed_prior_365d_amount,
        snapshot_date
    from aged
    group by
        account_id,
        category,
        snapshot_date

)

select * from final
