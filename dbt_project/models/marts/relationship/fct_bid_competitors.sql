with met as (select * from {{ ref('int_bid_competitors_met') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

policy as ({{ policy_values(['confidence_z']) }}),

counted as (

    select
        competitor_code,
        min(competitor) as competitor,
        count(*) as bids_met_count,
        sum(case when is_won then 1 else 0 end) as bids_won_count,
        sum(case when is_lost_to_it then 1 else 0 end) as bids_lost_to_count,
        sum(case when is_lost_to_it then bid_amount end) as lost_to_amount,
        {{ mean('technical_rank') }} as technical_rank_mean,
        {{ mean('our_rank') }} as our_rank_mean,
        count(technical_rank) as bids_ranked_count,
        {{ rate('count(case when helped_specify then 1 end)', 'count(helped_specify)') }}
            as specified_rate,
        is_current,
        snapshot_date
    from met
    group by
        competitor_code,
        is_current,
        snapshot_date

),

-- Where nobody writes down against whom we won, a rate of wins would count losses alone.
judged as (

    select
        *,
        bids_won_count + bids_lost_to_count as bids_decided_between_count,
        sum(bids_won_count) over (partition by snapshot_date) > 0
        and bids_won_count + bids_lost_to_count > 0 as has_win_rate,
        sum(bids_lost_to_count) over (partition by snapshot_date) as bids_lost_count
    from counted

),

final as (

    select
        judged.competitor_code || '|' || judged.snapshot_date as bid_competitor_key,
        judged.competitor_code,
        judged.competitor,
        judged.snapshot_date,
        judged.is_current,
        judged.bids_met_count,
        judged.bids_won_count,
        judged.bids_lost_to_count,
        judged.bids_met_count - judged.bids_decided_between_count as bids_lost_to_others_count,
        cast(judged.lost_to_amount as numeric(18, 4)) as lost_to_amount,
        {{ rate('judged.bids_lost_to_count', 'judged.bids_lost_count') }} as lost_share_rate,
        case
            when judged.has_win_rate
                then {{ rate('judged.bids_won_count', 'judged.bids_decided_between_count') }}
        end as win_rate,
        {%- for side, sign in [('lower', '-'), ('upper', '+')] %}
            case
                when judged.has_win_rate
                    then {{ wilson_bound(
                        'judged.bids_won_count', 'judged.bids_decided_between_count', sign
                    ) }}
            end as win_rate_{{ side }},
        {%- endfor %}
        case
            when judged.bids_decided_between_count = 0 then 'nothing_to_count'
            when not judged.has_win_rate then 'nobody_names_it'
        end as win_rate_unknown_reason,
        judged.technical_rank_mean,
        judged.our_rank_mean,
        judged.bids_ranked_count,
        judged.specified_rate,
        {{ as_of_date() }} as as_of_date
    from judged
    cross join policy

)

{{ final_and_carried('months') }}
