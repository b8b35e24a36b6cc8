with baskets as (

    select * from {{ ref('int_account_baskets_ranked') }}

),

pairs as (

    select * from {{ ref('int_product_pairs_counted') }}

),

policy as (

    select
        {{ pivot_parameters(['next_product_lift_minimum', 'next_product_pairs_maximum']) }}
    from {{ ref('policy_parameters') }}

),

products as (

    select
        product_number,
        count(*) as buyers_count,
        snapshot_date
    from baskets
    group by
        product_number,
        snapshot_date

),

lifted as (

    select
        pairs.*,
        cast(pairs.support_count * pairs.customers_count as {{ type_double() }})
        / (bases.buyers_count * products.buyers_count) as lift
    from pairs
    inner join products as bases
        on
            pairs.basis_number = bases.product_number
            and pairs.snapshot_date = bases.snapshot_date
    inner join products
        on
            pairs.product_number = products.product_number
            and pairs.snapshot_date = products.snapshot_date

),

-- What most of the buyers of the basis buy too goes first.
ranked as (

    select
        *,
        row_number() over (
            partition by snapshot_date, basis_number
            order by support_count desc, lift desc, product_number
        ) as pair_rank
    from lifted
    cross join policy
    where lift > next_product_lift_minimum

),

-- A number that grows with the lift lets the strongest basis be found by a maximum.
final as (

    select
        row_number() over (order by lift, support_count, basis_number, product_number, snapshot_date)
            as pair_number,
        basis_number,
        product_number,
        support_count,
        {{ rate('support_count', 'customers_count') }} as support_rate,
        lift,
        snapshot_date
    from ranked
    where pair_rank <= next_product_pairs_maximum

)

select * from final
