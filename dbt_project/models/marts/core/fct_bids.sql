with bids as (select * from {{ ref('stg_raw__bids') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


final as (

    select
        bids.source || '|' || bids.bid_id as bid_key,
        bids.source,
        bids.bid_id,
        accounts.account_id,
        bids.source || '|' || bids.opportunity_id as opportunity_key,
        bids.account_manager_id,
        bids.bid_name,
        coalesce(bids.bid_result, 'open') as bid_result,
        bids.winner,
        bids.bid_amount,
        bids.our_rank,
        bids.technical_rank,
        bids.bidder_count,
        {{ days_between('bids.published_date', 'bids.submitted_date') }} as days_to_submit,
        coalesce(bids.bid_result, 'open') in ('won', 'lost') as is_decided,
        coalesce(bids.bid_result, 'open') = 'won' as is_won,
        bids.helped_specify,
        bids.published_date,
        bids.due_date,
        bids.submitted_date,
        bids.decided_date,
        {{ as_of_date() }} as as_of_date
    from bids
    left join accounts on bids.account_id = accounts.account_id
    where bids.is_latest

)

select * from final
