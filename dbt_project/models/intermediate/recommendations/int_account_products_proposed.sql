with bases as (

    select * from {{ ref('int_account_bases_ranked') }}

),

pairs as (

    select * from {{ ref('int_product_pairs_measured') }}

),

bought as (

    select * from {{ ref('int_account_products_bought') }}

),

-- the pair with the highest lift speaks for a product
candidates as (

    select
        bases.account_id,
        pairs.product_id,
        max(pairs.pair_number) as pair_number,
        bases.snapshot_date
    from bases
    inner join pairs
        on
            bases.basis = pairs.basis
            and bases.snapshot_date = pairs.snapshot_date
    group by
        bases.account_id,
        pairs.product_id,
        bases.snapshot_date

),

final as (

    select candidates.*
    from candidates
    left join bought
        on
            candidates.account_id = bought.account_id
            and candidates.product_id = bought.product_id
            and candidates.snapshot_date = bought.snapshot_date
    where bought.account_id is null or not (bought.is_in_cycle or bought.is_returned)

)

select * from final
