with summed as (select * from {{ ref('int_account_category_months_summed') }}),

peers as (select * from {{ ref('int_category_peers_measured') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

policy as ({{ policy_values(['peers_minimum_count']) }}),

enough as (

    select peers.*
    from peers
    cross join policy
    where peers.peers_count >= policy.peers_minimum_count

),

final as (

    select
        summed.account_id,
        summed.category,
        coalesce(own_group.peer_scope, everybody.peer_scope) as peer_scope,
        summed.spend_amount,
        summed.spend_12m_amount,
        summed.spend_prior_12m_amount,
        sum(summed.spend_12m_amount) over own_month as account_spend_12m_amount,
        coalesce(own_group.peers_count, everybody.peers_count) as peers_count,
        coalesce(own_group.peer_median_amount, everybody.peer_median_amount)
            as peer_median_amount,
        coalesce(own_group.peer_p75_amount, everybody.peer_p75_amount) as peer_p75_amount,
        max(summed.last_order_date) over own_month as account_last_order_date,
        summed.last_order_date,
        summed.month_date,
        summed.counted_date
    from summed
    inner join accounts on summed.account_id = accounts.account_id
    left join enough as own_group
        on
            own_group.peer_scope = 'industry_size'
            and summed.category = own_group.category
            and summed.month_date = own_group.month_date
            and accounts.industry = own_group.industry
            and accounts.size_band = own_group.size_band
    left join enough as everybody
        on
            everybody.peer_scope = 'all'
            and summed.category = everybody.category
            and summed.month_date = everybody.month_date
    window own_month as (
        partition by summed.account_id, summed.month_date
    )

)

select * from final
