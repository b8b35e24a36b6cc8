with named as (

    select
        product_id,
        coalesce('category|' || category, 'product|' || product_id) as basis
    from {{ ref('dim_products') }}

),

discontinued as (select * from {{ ref('int_products_discontinued') }}),

policy as ({{ policy_values([
    'margin_coverage_minimum',
    'next_product_support_accounts_minimum',
    'next_product_support_rate',
]) }}),

customers as (

    select
        count(*) as customers_count,
        snapshot_date
    from {{ ref('int_account_peers_assigned') }}
    group by snapshot_date

),

products as (

    select
        product_id,
        count(*) as buyers_count,
        {{ rate('sum(net_amount)', 'count(*)') }} as revenue_per_buyer_amount,
        {{ rate('sum(margin_amount)', 'count(*)') }} as margin_per_buyer_amount,
        {{ rate('sum(costed_amount)', 'sum(net_amount)') }} as costed_rate,
        {{ rate(
            'sum(sum(margin_amount)) over (partition by snapshot_date)',
            'sum(sum(costed_amount)) over (partition by snapshot_date)',
        ) }} as company_margin_rate,
        snapshot_date
    from {{ ref('int_account_products_bought') }}
    where net_amount > 0
    group by
        product_id,
        snapshot_date

),

-- Without a cost a product is ranked as if it left the margin of all products; where no
-- cost is known at all, by revenue.
final as (

    select
        products.product_id,
        named.basis,
        products.buyers_count,
        customers.customers_count,
        cast(greatest(
            policy.next_product_support_accounts_minimum,
            policy.next_product_support_rate * customers.customers_count
        ) as {{ type_double() }}) as support_minimum_count,
        products.revenue_per_buyer_amount,
        case
            when products.costed_rate >= policy.margin_coverage_minimum
                then products.margin_per_buyer_amount
        end as margin_per_buyer_amount,
        case
            when products.costed_rate >= policy.margin_coverage_minimum
                then products.margin_per_buyer_amount
            else products.revenue_per_buyer_amount * coalesce(products.company_margin_rate, 1)
        end as value_per_buyer_amount,
        discontinued.product_id is not null as is_discontinued,
        products.snapshot_date
    from products
    cross join policy
    inner join named on products.product_id = named.product_id
    inner join customers on products.snapshot_date = customers.snapshot_date
    left join discontinued
        on
            products.product_id = discontinued.product_id
            and products.snapshot_date = discontinued.snapshot_date

)

select * from final
