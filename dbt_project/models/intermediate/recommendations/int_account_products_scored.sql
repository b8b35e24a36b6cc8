with proposed as (

    select * from {{ ref('int_account_products_proposed') }}

),

pairs as (

    select * from {{ ref('int_product_pairs_measured') }}

),

peers as (

    select * from {{ ref('int_account_peers_assigned') }}

),

peer_products as (

    select * from {{ ref('int_product_peers_measured') }}

),

products as (

    select * from {{ ref('int_products_valued') }}

),

policy as (

    select
        {{ pivot_parameters(['next_products_count']) }}
    from {{ ref('policy_parameters') }}

),

-- how likely its peers buy it, times how much likelier who has the basis does
likely as (

    select
        proposed.account_id,
        products.product_id,
        pairs.basis,
        pairs.support_count,
        pairs.support_rate,
        pairs.lift,
        peers.peer_scope,
        peers.peers_count,
        {{ rate('peer_products.buyers_count', 'peers.peers_count') }} as peer_penetration_rate,
        least(1, pairs.lift * {{ rate('peer_products.buyers_count', 'peers.peers_count') }})
            as purchase_rate,
        products.margin_per_buyer_amount,
        products.value_per_buyer_amount,
        proposed.snapshot_date
    from proposed
    inner join pairs on proposed.pair_number = pairs.pair_number
    inner join peers
        on
            proposed.account_id = peers.account_id
            and proposed.snapshot_date = peers.snapshot_date
    inner join peer_products
        on
            peers.peer_group = peer_products.peer_group
            and proposed.product_id = peer_products.product_id
            and proposed.snapshot_date = peer_products.snapshot_date
    inner join products
        on
            proposed.product_id = products.product_id
            and proposed.snapshot_date = products.snapshot_date
    where products.value_per_buyer_amount > 0 and not products.is_discontinued

),

ranked as (

    select
        *,
        row_number() over (
            partition by snapshot_date, account_id
            order by purchase_rate * value_per_buyer_amount desc, lift desc, product_id
        ) as product_rank
    from likely

),

final as (

    select ranked.*
    from ranked
    cross join policy
    where ranked.product_rank <= policy.next_products_count

)

select * from final
