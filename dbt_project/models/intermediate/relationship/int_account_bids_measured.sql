with bids as (select * from {{ ref('stg_raw__bids') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

components as ({{ component_policy('window_days', ['technical']) }}),

measures as ({{ measure_policy('window_days', ['bids', 'bid_win_rate']) }}),

-- what is dated later had not happened, whatever a first load says of it
dated as (

    select
        bids.account_id,
        case
            when
                coalesce(bids.decided_date, bids.submitted_date, bids.known_date)
                <= days.snapshot_date
                then bids.bid_result
        end as bid_result,
        bids.helped_specify,
        case
            when bids.bidder_count > 1 and bids.technical_rank between 1 and bids.bidder_count
                then {{ rate('bids.bidder_count - bids.technical_rank', 'bids.bidder_count - 1') }}
        end as technical_rate,
        case
            when bids.decided_date <= days.snapshot_date then bids.decided_date
            else coalesce(bids.submitted_date, bids.published_date, bids.known_date)
        end as bid_date,
        days.snapshot_date
    from bids
    inner join days on {{ is_in_force('bids', 'days.snapshot_date') }}
    where bids.account_id is not null

),

aged as (

    select
        *,
        {{ days_between('bid_date', 'snapshot_date') }} as age_days
    from dated
    where bid_date <= snapshot_date

),

judged as (

    select
        aged.account_id,
        aged.age_days < measures.bids_window_days as is_bid,
        aged.age_days < measures.bid_win_rate_window_days and aged.bid_result in ('won', 'lost')
            as is_decided,
        aged.age_days < measures.bid_win_rate_window_days and aged.bid_result = 'won' as is_won,
        case when aged.age_days < components.technical_window_days then aged.helped_specify end
            as helped_specify,
        case when aged.age_days < components.technical_window_days then aged.technical_rate end
            as technical_rate,
        aged.snapshot_date
    from aged
    cross join components
    cross join measures

),

final as (

    select
        account_id,
        count(case when is_bid then 1 end) as bids_count,
        count(case when is_decided then 1 end) as bids_decided_count,
        count(case when is_won then 1 end) as bids_won_count,
        count(helped_specify) as bids_specify_known_count,
        count(case when helped_specify then 1 end) as bids_specified_count,
        count(technical_rate) as bids_ranked_count,
        {{ mean('technical_rate') }} as technical_rank_rate,
        snapshot_date
    from judged
    group by
        account_id,
        snapshot_date

)

select * from final
