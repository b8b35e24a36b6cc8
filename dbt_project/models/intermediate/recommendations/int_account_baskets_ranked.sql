with bought as (

    select * from {{ ref('int_account_products_bought') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters([
            'next_product_support_accounts_minimum',
            'next_product_support_rate',
            'next_product_basket_maximum',
        ]) }}
    from parameters

),

customers as (

    select
        count(distinct account_id) as customers_count,
        snapshot_date
    from bought
    where net_amount > 0
    group by snapshot_date

),

-- What fewer customers bought than must have bought two things goes together with nothing.
products as (

    select
        bought.product_number,
        customers.customers_count,
        cast(greatest(
            max(policy.next_product_support_accounts_minimum),
            customers.customers_count * max(policy.next_product_support_rate)
        ) as {{ type_double() }}) as support_minimum_count,
        customers.snapshot_date
    from bought
    cross join policy
    inner join customers on bought.snapshot_date = customers.snapshot_date
    where bought.net_amount > 0
    group by
        bought.product_number,
        customers.customers_count,
        customers.snapshot_date
    having
        count(*) >= greatest(
            max(policy.next_product_support_accounts_minimum),
            customers.customers_count * max(policy.next_product_support_rate)
        )

),

ranked as (

    select
        bought.account_id,
        bought.product_number,
        products.customers_count,
        products.support_minimum_count,
        row_number() over (
            partition by bought.snapshot_date, bought.account_id
            order by bought.order_days_count desc, bought.net_amount desc, bought.product_number
        ) as basket_rank,
        bought.snapshot_date
    from bought
    inner join products
        on
            bought.product_number = products.product_number
            and bought.snapshot_date = products.snapshot_date
    where bought.net_amount > 0

),

final as (

    select ranked.*
    from ranked
    cross join policy
    where ranked.basket_rank <= policy.next_product_basket_maximum

)

select * from final
