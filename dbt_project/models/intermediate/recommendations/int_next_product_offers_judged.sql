with recommended as (select * from {{ ref('int_account_products_recommended') }}),

best_sellers as (select * from {{ ref('int_best_sellers_offered') }}),

order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

days as (

    select *
    from {{ ref('int_next_product_days_listed') }}
    where not is_current

),

bought as (

    select distinct
        order_lines.account_id,
        order_lines.product_id
    from order_lines
    inner join days
        on
            order_lines.order_date > days.snapshot_date
            and order_lines.order_date <= days.month_end_date
    where
        order_lines.is_latest
        and order_lines.is_measured
        and order_lines.is_revenue
        and order_lines.net_amount > 0

),

offers as (

    select
        'next_product' as offer_method,
        recommended.account_id,
        recommended.product_id
    from recommended
    inner join days on recommended.snapshot_date = days.snapshot_date

    union all

    select
        'best_seller' as offer_method,
        account_id,
        product_id
    from best_sellers

),

final as (

    select
        offers.offer_method,
        offers.account_id,
        count(*) as offers_count,
        count(bought.product_id) as hits_count
    from offers
    left join bought
        on
            offers.account_id = bought.account_id
            and offers.product_id = bought.product_id
    group by
        offers.offer_method,
        offers.account_id

)

select * from final
