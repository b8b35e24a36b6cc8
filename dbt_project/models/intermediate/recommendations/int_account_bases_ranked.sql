with bought as (select * from {{ ref('int_account_products_bought') }}),

products as (select * from {{ ref('int_products_valued') }}),

policy as ({{ policy_values(['next_product_basis_count']) }}),

ranked as (

    select
        bought.account_id,
        products.basis,
        count(*) as products_count,
        row_number() over (
            partition by bought.snapshot_date, bought.account_id
            order by
                sum(bought.order_days_count) desc,
                sum(bought.net_amount) desc,
                products.basis asc
        ) as basis_rank,
        bought.snapshot_date
    from bought
    inner join products
        on
            bought.product_id = products.product_id
            and bought.snapshot_date = products.snapshot_date
    where bought.net_amount > 0
    group by
        bought.account_id,
        products.basis,
        bought.snapshot_date

),

final as (

    select
        ranked.account_id,
        ranked.basis,
        ranked.products_count,
        ranked.snapshot_date
    from ranked
    cross join policy
    where ranked.basis_rank <= policy.next_product_basis_count

)

select * from final
