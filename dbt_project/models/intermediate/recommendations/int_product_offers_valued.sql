with pairs as (select * from {{ ref('int_product_pairs_measured') }}),

peers as (

    select distinct
        peer_scope,
        peer_group,
        peers_count,
        snapshot_date
    from {{ ref('int_account_peers_assigned') }}

),

peer_products as (select * from {{ ref('int_product_peers_measured') }}),

products as (select * from {{ ref('int_products_valued') }}),

-- how likely its peers buy it, times how much likelier who buys the basis does
likely as (

    select
        peers.peer_scope,
        peers.peer_group,
        peers.peers_count,
        pairs.*,
        {{ rate('peer_products.buyers_count', 'peers.peers_count') }} as peer_penetration_rate,
        least(1, pairs.lift * {{ rate('peer_products.buyers_count', 'peers.peers_count') }})
            as purchase_rate,
        products.margin_per_buyer_amount,
        products.value_per_buyer_amount
    from pairs
    inner join peer_products
        on
            pairs.product_id = peer_products.product_id
            and pairs.snapshot_date = peer_products.snapshot_date
    inner join peers
        on
            peer_products.peer_group = peers.peer_group
            and peer_products.snapshot_date = peers.snapshot_date
    inner join products
        on
            pairs.product_id = products.product_id
            and pairs.snapshot_date = products.snapshot_date
    where products.value_per_buyer_amount > 0 and not products.is_discontinued

),

-- A number that grows with what may be expected: the best offer is found by a maximum.
final as (

    select
        row_number() over (
            order by
                purchase_rate * value_per_buyer_amount asc, lift asc, product_id desc, basis desc,
                peer_group asc, snapshot_date asc
        ) as offer_number,
        peer_scope,
        peer_group,
        peers_count,
        basis,
        product_id,
        support_count,
        support_rate,
        lift,
        peer_penetration_rate,
        purchase_rate,
        cast(purchase_rate * margin_per_buyer_amount as numeric(18, 4)) as expected_margin_amount,
        cast(purchase_rate * value_per_buyer_amount as numeric(18, 4)) as score_amount,
        snapshot_date
    from likely

)

select * from final
