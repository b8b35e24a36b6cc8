with bases as (select * from {{ ref('int_account_bases_ranked') }}),

bought as (select * from {{ ref('int_account_products_bought') }}),

products as (select * from {{ ref('int_products_valued') }}),

-- What fewer customers bought than must have bought both goes together with nothing.
wanted as (

    select
        bought.account_id,
        bought.product_id,
        products.basis,
        products.support_minimum_count,
        bought.snapshot_date
    from bought
    inner join products
        on
            bought.product_id = products.product_id
            and bought.snapshot_date = products.snapshot_date
    where bought.net_amount > 0 and products.buyers_count >= products.support_minimum_count

),

-- A basis speaks for a product when the customer has bought something else of it.
final as (

    select
        bases.basis,
        wanted.product_id,
        count(*) as support_count,
        bases.snapshot_date
    from bases
    inner join wanted
        on
            bases.account_id = wanted.account_id
            and bases.snapshot_date = wanted.snapshot_date
            and (bases.products_count > 1 or bases.basis <> wanted.basis)
    group by
        bases.basis,
        wanted.product_id,
        wanted.support_minimum_count,
        bases.snapshot_date
    having count(*) >= wanted.support_minimum_count

)

select * from final
