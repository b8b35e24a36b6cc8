with referrals as (select * from {{ ref('stg_raw__referrals') }}),

trade as (select * from {{ ref('int_account_trade_measured') }}),

days as (select * from {{ ref('int_value_days_listed') }}),

known as (

    select
        referrals.account_id,
        referrals.referred_account_id,
        coalesce(referrals.referral_status, 'open') = 'won' as is_won,
        referrals.referred_date,
        days.snapshot_date
    from referrals
    inner join days
        on
            referrals.referred_date <= days.snapshot_date
            and {{ is_in_force('referrals', 'days.snapshot_date') }}

),

-- whom one account recommended us to twice brought its revenue once
brought as (

    select
        account_id,
        referred_account_id,
        count(*) as referrals_count,
        sum(case when is_won then 1 else 0 end) as referrals_won_count,
        min(referred_date) as referred_date,
        snapshot_date
    from known
    group by
        account_id,
        referred_account_id,
        snapshot_date

),

final as (

    select
        brought.account_id,
        sum(brought.referrals_count) as referrals_count,
        sum(brought.referrals_won_count) as referrals_won_count,
        sum(
            case
                when trade.first_order_date >= brought.referred_date
                    then trade.net_revenue_total_amount
                else 0
            end
        ) as referral_revenue_amount,
        brought.snapshot_date
    from brought
    left join trade
        on
            brought.referred_account_id = trade.account_id
            and brought.snapshot_date = trade.snapshot_date
    group by
        brought.account_id,
        brought.snapshot_date

)

select * from final
