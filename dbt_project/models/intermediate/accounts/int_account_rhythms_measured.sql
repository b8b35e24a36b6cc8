with order_gaps as (select * from {{ ref('int_order_gaps_listed') }}),

peer_gaps as (select * from {{ ref('int_account_peer_gaps_found') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

kinds as (select * from {{ ref('int_churn_kinds_chosen') }}),

policy as ({{ policy_values([
    'active_window_days',
    'gap_shrinkage_count',
    'churn_gap_multiple',
    'churn_days_minimum',
    'churn_days_maximum',
]) }}),

own_gaps as (

    select
        account_id,
        count(gap_days) as gaps_count,
        {{ median('gap_days') }} as median_gap_days,
        cast(stddev_samp(gap_days) / avg(gap_days) as {{ type_double() }})
            as gap_spread_rate,
        max(order_date) as last_order_date,
        snapshot_date
    from order_gaps
    group by
        account_id,
        snapshot_date

),

rhythms as (

    select
        own_gaps.account_id,
        own_gaps.gaps_count,
        own_gaps.median_gap_days,
        peer_gaps.peer_median_gap_days,
        own_gaps.gap_spread_rate,
        {{ days_between('own_gaps.last_order_date', 'own_gaps.snapshot_date') }}
            as days_since_last_order,
        {{ typical_gap_days(
            'own_gaps.gaps_count',
            'own_gaps.median_gap_days',
            'peer_gaps.peer_median_gap_days',
        ) }} as typical_gap_days,
        own_gaps.snapshot_date
    from own_gaps
    cross join policy
    inner join peer_gaps
        on
            own_gaps.account_id = peer_gaps.account_id
            and own_gaps.snapshot_date = peer_gaps.snapshot_date

),

final as (

    select
        rhythms.account_id,
        rhythms.gaps_count,
        rhythms.median_gap_days,
        rhythms.peer_median_gap_days,
        rhythms.gap_spread_rate,
        rhythms.days_since_last_order,
        rhythms.typical_gap_days,
        rhythms.days_since_last_order / rhythms.typical_gap_days as overdue_ratio,
        {{ churn_limit_days('rhythms.typical_gap_days') }} as churn_limit_days,
        case
            when kinds.churn_kind = 'own_rhythm'
                then
                    rhythms.days_since_last_order
                    <= {{ churn_limit_days('rhythms.typical_gap_days') }}
            else rhythms.days_since_last_order < policy.active_window_days
        end as is_eligible,
        rhythms.snapshot_date
    from rhythms
    cross join policy
    inner join kinds on kinds.is_scored

)

{{ final_and_carried('snapshot_dates') }}
