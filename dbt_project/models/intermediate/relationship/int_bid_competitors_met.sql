with bids as (select * from {{ ref('stg_raw__bids') }}),

opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

policy as ({{ policy_values(['competitor_window_days']) }}),

decided as (

    select
        bids.*,
        coalesce(bids.decided_date, bids.submitted_date, bids.known_date) as bid_date
    from bids
    where bids.bid_result in ('won', 'lost')

),

judged as (

    select
        decided.source || '|' || decided.bid_id as bid_key,
        decided.bid_result = 'won' as is_won,
        decided.bid_amount,
        decided.our_rank,
        decided.technical_rank,
        decided.helped_specify,
        case when decided.bid_result = 'lost' then trim(decided.winner) end as winner,
        trim(opportunities.competitor) as named_competitor,
        days.is_current,
        days.snapshot_date
    from decided
    cross join policy
    inner join days
        on
            decided.bid_date <= days.snapshot_date
            and decided.bid_date
            > {{ add_days('days.snapshot_date', '-policy.competitor_window_days') }}
            and {{ is_in_force('decided', 'days.snapshot_date') }}
    left join opportunities
        on
            decided.source = opportunities.source
            and decided.opportunity_id = opportunities.opportunity_id
            and {{ is_in_force('opportunities', 'days.snapshot_date') }}

),

-- who won the tender was in it, and so was whom its opportunity names
named as (

    select
        *,
        winner as competitor
    from judged
    where winner <> ''
    union all
    select
        *,
        named_competitor as competitor
    from judged
    where
        named_competitor <> ''
        and (winner is null or lower(winner) <> lower(named_competitor))

),

final as (

    select
        bid_key,
        lower(competitor) as competitor_code,
        competitor,
        is_won,
        coalesce(lower(winner) = lower(competitor), false) as is_lost_to_it,
        bid_amount,
        our_rank,
        technical_rank,
        helped_specify,
        is_current,
        snapshot_date
    from named

)

select * from final
