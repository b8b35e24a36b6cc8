with revenues as (select * from {{ ref('int_account_revenues_measured') }}),

peers as (select * from {{ ref('int_account_peers_grouped') }}),

wallet_groups as (select * from {{ ref('int_wallet_groups_measured') }}),

declared_wallets as (select * from {{ ref('policy_declared_wallets') }}),

ranked as (

    select
        peers.account_id,
        peers.wallet_method,
        wallet_groups.*,
        row_number() over (
            partition by peers.account_id, wallet_groups.snapshot_date
            order by peers.precedence
        ) as nearness
    from peers
    inner join wallet_groups
        on
            peers.wallet_group = wallet_groups.wallet_group
            and {{ is_account_in_force('peers', 'wallet_groups.snapshot_date') }}

),

nearest as (

    select * from ranked
    where nearness = 1

),

-- the statement that began last, should two hold
stated as (

    select
        revenues.account_id,
        revenues.snapshot_date,
        declared_wallets.wallet_amount,
        row_number() over (
            partition by revenues.account_id, revenues.snapshot_date
            order by declared_wallets.valid_from desc
        ) as age_rank
    from declared_wallets
    inner join revenues
        on
            declared_wallets.account_id = revenues.account_id
            and revenues.snapshot_date
            between declared_wallets.valid_from and declared_wallets.valid_until

),

final as (

    select
        revenues.account_id,
        case
            when stated.account_id is not null then 'declared'
            else nearest.wallet_method
        end as wallet_method,
        coalesce(stated.wallet_amount, nearest.wallet_amount) as wallet_amount,
        nearest.wallet_group,
        nearest.buyers_count as wallet_peers_count,
        revenues.net_revenue_365d_amount,
        revenues.snapshot_date
    from revenues
    left join nearest
        on
            revenues.account_id = nearest.account_id
            and revenues.snapshot_date = nearest.snapshot_date
    left join stated
        on
            revenues.account_id = stated.account_id
            and revenues.snapshot_date = stated.snapshot_date
            and stated.age_rank = 1

)

select * from final
