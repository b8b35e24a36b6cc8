with account_days as (

    select * from {{ ref('int_account_days_known') }}

),

snapshot_dates as (

    select * from {{ ref('int_snapshot_dates_listed') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters([
            'default_gap_days',
            'gap_shrinkage_count',
            'churn_gap_multiple',
            'churn_days_minimum',
            'churn_days_maximum',
            'won_back_days',
        ]) }}
    from parameters

),

order_days as (

    select
        account_days.account_id,
        account_days.order_date,
        lag(account_days.order_date) over (
            partition by account_days.account_id, snapshot_dates.snapshot_date
            order by account_days.order_date
        ) as previous_order_date,
        snapshot_dates.snapshot_date
    from account_days
    inner join snapshot_dates
        on
            account_days.order_date <= snapshot_dates.snapshot_date
            and account_days.known_date <= snapshot_dates.snapshot_date
            and (
                account_days.superseded_date is null
                or account_days.superseded_date > snapshot_dates.snapshot_date
            )
    where account_days.is_order_day

),

gaps as (

    select
        account_id,
        {{ days_between('previous_order_date', 'order_date') }} as gap_days,
        order_date,
        previous_order_date,
        snapshot_date
    from order_days

),

all_gaps as (

    select
        coalesce({{ median('gaps.gap_days') }}, max(policy.default_gap_days))
            as all_median_gap_days,
        gaps.snapshot_date
    from gaps
    cross join policy
    group by gaps.snapshot_date

),

own_gaps as (

    select
        account_id,
        count(gap_days) as gaps_count,
        {{ median('gap_days') }} as median_gap_days,
        cast(stddev_samp(gap_days) / avg(gap_days) as {{ type_double() }})
            as gap_spread_rate,
        max(order_date) as last_order_date,
        snapshot_date
    from gaps
    group by
        account_id,
        snapshot_date

),

-- Only a silence longer than the shortest that counts as lost can have been a spell of
-- churn.
long_gaps as (

    select gaps.*
    from gaps
    cross join policy
    where
        gaps.gap_days > policy.churn_days_minimum
        and gaps.order_date
        > {{ add_days('gaps.snapshot_date', '-policy.won_back_days') }}

),

-- The rhythm that was usual before the silence; the silence itself would make every
-- silence look usual.
gaps_before as (

    select
        long_gaps.account_id,
        long_gaps.gap_days,
        count(gaps.gap_days) as gaps_count,
        {{ median('gaps.gap_days') }} as median_gap_days,
        long_gaps.order_date,
        long_gaps.snapshot_date
    from long_gaps
    left join gaps
        on
            long_gaps.account_id = gaps.account_id
            and long_gaps.snapshot_date = gaps.snapshot_date
            and long_gaps.previous_order_date >= gaps.order_date
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
            'all_gaps.all_median_gap_days',
        ) }} as typical_gap_days,
        gaps_before.order_date,
        gaps_before.snapshot_date
    from gaps_before
    cross join policy
    inner join all_gaps
        on gaps_before.snapshot_date = all_gaps.snapshot_date

),

returns as (

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

),

rhythms as (

    select
        own_gaps.account_id,
        own_gaps.gaps_count,
        own_gaps.median_gap_days,
        own_gaps.gap_spread_rate,
        {{ days_between('own_gaps.last_order_date', 'own_gaps.snapshot_date') }}
            as days_since_last_order,
        {{ typical_gap_days(
            'own_gaps.gaps_count',
            'own_gaps.median_gap_days',
            'all_gaps.all_median_gap_days',
        ) }} as typical_gap_days,
        own_gaps.snapshot_date
    from own_gaps
    cross join policy
    inner join all_gaps
        on own_gaps.snapshot_date = all_gaps.snapshot_date

),

final as (

    select
        rhythms.account_id,
        rhythms.gaps_count,
        rhythms.median_gap_days,
        rhythms.gap_spread_rate,
        rhythms.days_since_last_order,
        rhythms.typical_gap_days,
        rhythms.days_since_last_order / rhythms.typical_gap_days as overdue_ratio,
        {{ churn_limit_days('rhythms.typical_gap_days') }} as churn_limit_days,
        returns.won_back_date,
        rhythms.snapshot_date
    from rhythms
    cross join policy
    left join returns
        on
            rhythms.account_id = returns.account_id
            and rhythms.snapshot_date = returns.snapshot_date

)

select * from final
