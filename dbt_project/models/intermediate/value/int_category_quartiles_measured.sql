with categories as (select * from {{ ref('int_account_categories_summed') }}),

trade as (select * from {{ ref('int_account_trade_measured') }}),

peers as (select * from {{ ref('int_account_peers_grouped') }}),

wallet_groups as (select * from {{ ref('int_wallet_groups_measured') }}),

-- peers are those who bought at all
spends as (

    select
        wallet_groups.wallet_group,
        categories.category,
        categories.net_revenue_365d_amount as spend_amount,
        0.75 * (wallet_groups.buyers_count - 1) as place,
        wallet_groups.buyers_count - count(*) over (
            partition by
                wallet_groups.wallet_group, categories.category, wallet_groups.snapshot_date
        ) as silent_count,
        row_number() over (
            partition by
                wallet_groups.wallet_group, categories.category, wallet_groups.snapshot_date
            order by categories.net_revenue_365d_amount
        ) as spend_rank,
        wallet_groups.snapshot_date
    from wallet_groups
    inner join peers
        on
            wallet_groups.wallet_group = peers.wallet_group
            and {{ is_account_in_force('peers', 'wallet_groups.snapshot_date') }}
    inner join trade
        on
            peers.account_id = trade.account_id
            and wallet_groups.snapshot_date = trade.snapshot_date
    inner join categories
        on
            trade.account_id = categories.account_id
            and trade.snapshot_date = categories.snapshot_date
    where
        trade.net_revenue_365d_amount > 0
        and categories.category <> ''
        and categories.net_revenue_365d_amount > 0

),

-- The third quartile of all peers: those who never bought the category spend nothing on
-- it and stand before the first. Between two places it lies in proportion.
final as (

    select
        wallet_group,
        category,
        cast(coalesce(sum(
            case
                when silent_count + spend_rank - 1 = floor(place)
                    then spend_amount * (1 - (place - floor(place)))
                when silent_count + spend_rank - 1 = floor(place) + 1
                    then spend_amount * (place - floor(place))
            end
        ), 0) as numeric(18, 4)) as quartile_amount,
        snapshot_date
    from spends
    group by
        wallet_group,
        category,
        snapshot_date

)

select * from final
