with bases as (select * from {{ ref('int_account_bases_ranked') }}),

pairs as (select * from {{ ref('int_product_pairs_counted') }}),

products as (select * from {{ ref('int_products_valued') }}),

policy as ({{ policy_values(['next_product_lift_minimum', 'next_product_pairs_maximum']) }}),

basis_buyers as (

    select
        basis,
        count(*) as buyers_count,
        snapshot_date
    from bases
    group by
        basis,
        snapshot_date

),

lifted as (

    select
        pairs.*,
        products.customers_count,
        {{ rate(
            'pairs.support_count * products.customers_count',
            'basis_buyers.buyers_count * products.buyers_count',
        ) }} as lift
    from pairs
    inner join basis_buyers
        on
            pairs.basis = basis_buyers.basis
            and pairs.snapshot_date = basis_buyers.snapshot_date
    inner join products
        on
            pairs.product_id = products.product_id
            and pairs.snapshot_date = products.snapshot_date

),

-- What most of the buyers of the basis buy too goes first.
ranked as (

    select
        *,
        row_number() over (
            partition by snapshot_date, basis
            order by support_count desc, lift desc, product_id asc
        ) as pair_rank
    from lifted
    cross join policy
    where lift > next_product_lift_minimum

),

final as (

    select
        basis,
        product_id,
        support_count,
        {{ rate('support_count', 'customers_count') }} as support_rate,
        lift,
        snapshot_date
    from ranked
    where pair_rank <= next_product_pairs_maximum

)

select * from final
