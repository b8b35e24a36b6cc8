with trade as (select * from {{ ref('int_account_trade_measured') }}),

peers as (select * from {{ ref('int_account_peers_grouped') }}),

policy as ({{ policy_values(['peer_group_accounts_minimum']) }}),

spends as (

    select
        peers.wallet_group,
        {{ percentile('trade.net_revenue_365d_amount', 0.9) }} as wallet_amount,
        count(*) as buyers_count,
        trade.snapshot_date
    from trade
    inner join peers on trade.account_id = peers.account_id
    where trade.net_revenue_365d_amount > 0
    group by
        peers.wallet_group,
        trade.snapshot_date

),

final as (

    select
        spends.wallet_group,
        cast(spends.wallet_amount as numeric(18, 4)) as wallet_amount,
        spends.buyers_count,
        spends.snapshot_date
    from spends
    cross join policy
    where spends.buyers_count >= policy.peer_group_accounts_minimum

)

select * from final
