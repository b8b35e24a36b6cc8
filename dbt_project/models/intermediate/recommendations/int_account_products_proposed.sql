with baskets as (

    select * from {{ ref('int_account_baskets_ranked') }}

),

pairs as (

    select * from {{ ref('int_product_pairs_measured') }}

),

bought as (

    select * from {{ ref('int_account_products_bought') }}

),

policy as (

    select
        {{ pivot_parameters(['next_product_basis_count']) }}
    from {{ ref('policy_parameters') }}

),

-- the pair with the highest lift speaks for a product
candidates as (

    select
        baskets.account_id,
        pairs.product_number,
        max(pairs.pair_number) as pair_number,
        baskets.snapshot_date
    from baskets
    cross join policy
    inner join pairs
        on
            baskets.product_number = pairs.basis_number
            and baskets.snapshot_date = pairs.snapshot_date
    where baskets.basket_rank <= policy.next_product_basis_count
    group by
        baskets.account_id,
        pairs.product_number,
        baskets.snapshot_date

),

final as (

    select candidates.*
    from candidates
    left join bought
        on
            candidates.account_id = bought.account_id
            and candidates.product_number = bought.product_number
            and candidates.snapshot_date = bought.snapshot_date
    where bought.account_id is null or not (bought.is_in_cycle or bought.is_returned)

)

select * from final
