with bought as (

    select *
    from {{ ref('int_account_products_bought') }}
    where net_amount > 0

),

named as (

    select
        product_id,
        coalesce('category|' || category, 'product|' || product_id) as basis
    from {{ ref('dim_products') }}

),

discontinued as (

    select * from {{ ref('int_products_discontinued') }}

),

policy as (

    select
        {{ pivot_parameters([
            'margin_coverage_minimum',
            'next_product_support_accounts_minimum',
            'next_product_support_rate',
        ]) }}
    from {{ ref('policy_parameters') }}

),

company as (

    select
        count(distinct account_id) as customers_count,
        coalesce({{ rate('sum(margin_amount)', 'sum(costed_amount)') }}, 1) as margin_rate,
        snapshot_date
    from bought
    group by snapshot_date

),

products as (

    select
        bought.product_id,
        count(*) as buyers_count,
        {{ rate('sum(bought.net_amount)', 'count(*)') }} as revenue_per_buyer_amount,
        case
            when
                sum(bought.costed_amount)
                >= max(policy.margin_coverage_minimum) * sum(bought.net_amount)
                then {{ rate('sum(bought.margin_amount)', 'count(*)') }}
        end as margin_per_buyer_amount,
        bought.snapshot_date
    from bought
    cross join policy
    group by
        bought.product_id,
        bought.snapshot_date

),

-- Without a cost a product is ranked as if it left the margin of all products; where no
-- cost is known at all, by revenue.
final as (

    select
        products.*,
        named.basis,
        company.customers_count,
        cast(greatest(
            policy.next_product_support_accounts_minimum,
            policy.next_product_support_rate * company.customers_count
        ) as {{ type_double() }}) as support_minimum_count,
        coalesce(
            products.margin_per_buyer_amount,
            products.revenue_per_buyer_amount * company.margin_rate
        ) as value_per_buyer_amount,
        discontinued.product_id is not null as is_discontinued
    from products
    cross join policy
    inner join named on products.product_id = named.product_id
    inner join company on products.snapshot_date = company.snapshot_date
    left join discontinued
        on
            products.product_id = discontinued.product_id
            and products.snapshot_date = discontinued.snapshot_date

)

select * from final
