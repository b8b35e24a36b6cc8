with bases as (select * from {{ ref('int_account_bases_ranked') }}),

peers as (select * from {{ ref('int_account_peers_assigned') }}),

offers as (select * from {{ ref('int_product_offers_valued') }}),

bought as (select * from {{ ref('int_account_products_bought') }}),

policy as ({{ policy_values(['next_products_count']) }}),

candidates as (

    select
        bases.account_id,
        offers.product_id,
        max(offers.offer_number) as offer_number,
        bases.snapshot_date
    from bases
    inner join peers
        on
            bases.account_id = peers.account_id
            and bases.snapshot_date = peers.snapshot_date
    inner join offers
        on
            peers.peer_group = offers.peer_group
            and bases.basis = offers.basis
            and bases.snapshot_date = offers.snapshot_date
    group by
        bases.account_id,
        offers.product_id,
        bases.snapshot_date

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by candidates.snapshot_date, candidates.account_id
            order by candidates.offer_number desc
        ) as product_rank
    from candidates
    left join bought
        on
            candidates.account_id = bought.account_id
            and candidates.product_id = bought.product_id
            and candidates.snapshot_date = bought.snapshot_date
    where bought.account_id is null or not (bought.is_in_cycle or bought.is_returned)

),

final as (

    select ranked.*
    from ranked
    cross join policy
    where ranked.product_rank <= policy.next_products_count

)

select * from final
