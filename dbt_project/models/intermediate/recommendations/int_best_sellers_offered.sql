with recommended as (select * from {{ ref('int_account_products_recommended') }}),

products as (select * from {{ ref('int_products_valued') }}),

bought as (select * from {{ ref('int_account_products_bought') }}),

days as (select * from {{ ref('int_next_product_days_listed') }}),

policy as ({{ policy_values(['next_product_best_sellers_count']) }}),

accounts as (

    select
        recommended.account_id,
        count(*) as products_count,
        recommended.snapshot_date
    from recommended
    inner join days on recommended.snapshot_date = days.snapshot_date
    where not days.is_current
    group by
        recommended.account_id,
        recommended.snapshot_date

),

best_sellers as (

    select
        *,
        row_number() over (
            partition by snapshot_date
            order by buyers_count desc, revenue_per_buyer_amount desc, product_id asc
        ) as best_seller_rank
    from products
    where not is_discontinued

),

-- What would have been offered to the same customer without looking at it, under the
-- same exclusions.
alternatives as (

    select
        accounts.account_id,
        accounts.products_count,
        best_sellers.product_id,
        row_number() over (
            partition by accounts.account_id
            order by best_sellers.best_seller_rank
        ) as product_rank
    from accounts
    cross join policy
    inner join best_sellers on accounts.snapshot_date = best_sellers.snapshot_date
    left join bought
        on
            accounts.account_id = bought.account_id
            and best_sellers.product_id = bought.product_id
            and accounts.snapshot_date = bought.snapshot_date
            and (bought.is_in_cycle or bought.is_returned)
    where
        best_sellers.best_seller_rank <= policy.next_product_best_sellers_count
        and bought.account_id is null

),

final as (

    select
        account_id,
        product_id,
        product_rank
    from alternatives
    where product_rank <= products_count

)

select * from final
