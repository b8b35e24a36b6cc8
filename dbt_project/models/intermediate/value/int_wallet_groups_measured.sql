with revenues as (select * from {{ ref('int_account_revenues_measured') }}),

peers as (select * from {{ ref('int_account_peers_grouped') }}),

policy as ({{ policy_values(['peer_group_accounts_minimum']) }}),

spends as (

    select
        peers.wallet_group,
        {{ percentile('revenues.net_revenue_365d_amount', 0.9) }} as wallet_amount,
        count(*) as buyers_count,
        revenues.snapshot_date
    from revenues
    inner join peers
        on
            revenues.account_id = peers.account_id
            and {{ is_account_in_force('peers', 'revenues.snapshot_date') }}
    where revenues.net_revenue_365d_amount > 0
    group by
        peers.wallet_group,
        revenues.snapshot_date

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
