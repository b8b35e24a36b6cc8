with bought as (

    select *
    from {{ ref('int_account_products_bought') }}
    where net_amount > 0

),

peers as (select * from {{ ref('int_account_peers_assigned') }}),

-- a customer without a group of its own is compared with all, and is one of all
final as (

    select
        'all' as peer_group,
        product_id,
        count(*) as buyers_count,
        snapshot_date
    from bought
    group by
        product_id,
        snapshot_date

    union all

    select
        peers.peer_group,
        bought.product_id,
        count(*) as buyers_count,
        bought.snapshot_date
    from bought
    inner join peers
        on
            bought.account_id = peers.account_id
            and bought.snapshot_date = peers.snapshot_date
    where peers.peer_scope = 'industry_size'
    group by
        peers.peer_group,
        bought.product_id,
        bought.snapshot_date

)

select * from final
