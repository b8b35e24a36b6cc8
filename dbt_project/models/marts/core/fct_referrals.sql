with referrals as (select * from {{ ref('stg_raw__referrals') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


final as (

    select
        referrals.source || '|' || referrals.referral_id as referral_key,
        referrals.source,
        referrals.referral_id,
        accounts.account_id,
        referrals.source || '|' || referrals.contact_id as contact_key,
        referred.account_id as referred_account_id,
        referrals.source || '|' || referrals.opportunity_id as opportunity_key,
        coalesce(referrals.referral_status, 'open') as status,
        coalesce(referrals.referral_status, 'open') = 'won' as is_won,
        -- whom we served before is no fruit of the recommendation
        coalesce(referred.first_order_date >= referrals.referred_date, false) as is_new_customer,
        case
            when referred.first_order_date >= referrals.referred_date
                then referred.net_revenue_amount
            else 0
        end as new_revenue_amount,
        referrals.referred_date,
        case
            when referred.first_order_date >= referrals.referred_date
                then referred.first_order_date
        end as first_order_date,
        {{ as_of_date() }} as as_of_date
    from referrals
    left join accounts on referrals.account_id = accounts.account_id
    left join accounts as referred on referrals.referred_account_id = referred.account_id
    where referrals.is_latest and referrals.referred_date <= {{ as_of_date() }}

)

select * from final
