with order_gaps as (select * from {{ ref('int_order_gaps_listed') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

policy as ({{ policy_values([
    'gap_shrinkage_count',
    'churn_gap_multiple',
    'churn_days_minimum',
    'churn_days_maximum',
    'won_back_days',
]) }}),

-- Only a silence longer than the shortest that counts as lost can have been a spell of
-- churn.
long_gaps as (

    select order_gaps.*
    from order_gaps
    cross join policy
    where
        order_gaps.gap_days > policy.churn_days_minimum
        and order_gaps.order_date
        > {{ add_days('order_gaps.snapshot_date', '-policy.won_back_days') }}

),

-- The rhythm that was usual before the silence; the silence itself would make every
-- silence look usual.
gaps_before as (

    select
        long_gaps.account_id,
        long_gaps.gap_days,
        count(order_gaps.gap_days) as gaps_count,
        {{ median('order_gaps.gap_days') }} as median_gap_days,
        long_gaps.order_date,
        long_gaps.snapshot_date
    from long_gaps
    left join order_gaps
        on
            long_gaps.account_id = order_gaps.account_id
            and long_gaps.snapshot_date = order_gaps.snapshot_date
            and long_gaps.previous_order_date >= order_gaps.order_date
    group by
        long_gaps.account_id,
        long_gaps.gap_days,
        long_gaps.order_date,
        long_gaps.snapshot_date

),

rhythms_before as (

    select
        gaps_before.account_id,
        gaps_before.gap_days,
        {{ typical_gap_days(
            'gaps_before.gaps_count',
            'gaps_before.median_gap_days',
            'rhythms.peer_median_gap_days',
        ) }} as typical_gap_days,
        gaps_before.order_date,
        gaps_before.snapshot_date
    from gaps_before
    cross join policy
    inner join rhythms
        on
            gaps_before.account_id = rhythms.account_id
            and gaps_before.snapshot_date = rhythms.snapshot_date

),

final as (

    select
        rhythms_before.account_id,
        max(rhythms_before.order_date) as won_back_date,
        rhythms_before.snapshot_date
    from rhythms_before
    cross join policy
    where
        rhythms_before.gap_days
        > {{ churn_limit_days('rhythms_before.typical_gap_days') }}
    group by
        rhythms_before.account_id,
        rhythms_before.snapshot_date

)

select * from final
