with category_days as (select * from {{ ref('int_category_days_listed') }}),

months as (select * from {{ ref('int_category_months_listed') }}),

policy as ({{ policy_values(['default_gap_days', 'gap_shrinkage_count']) }}),

gaps as (

    select
        account_id,
        category,
        {{ days_between('lag(order_date) over own_days', 'order_date') }} as gap_days,
        month_number
    from category_days
    where is_order_day
    window own_days as (
        partition by account_id, category
        order by order_date
    )

),

-- the rhythm as it was then: only gaps that had ended by the month
seen as (

    select
        gaps.account_id,
        gaps.category,
        gaps.gap_days,
        months.month_date
    from months
    inner join gaps on months.month_number >= gaps.month_number
    where not months.is_carried

),

all_gaps as (

    select
        category,
        {{ median('gap_days') }} as all_median_gap_days,
        month_date
    from seen
    group by
        category,
        month_date

),

own_gaps as (

    select
        account_id,
        category,
        count(gap_days) as gaps_count,
        {{ median('gap_days') }} as median_gap_days,
        month_date
    from seen
    group by
        account_id,
        category,
        month_date

),

final as (

    select
        own_gaps.account_id,
        own_gaps.category,
        {{ typical_gap_days(
            'own_gaps.gaps_count',
            'own_gaps.median_gap_days',
            'coalesce(all_gaps.all_median_gap_days, policy.default_gap_days)',
        ) }} as typical_gap_days,
        own_gaps.month_date
    from own_gaps
    cross join policy
    inner join all_gaps
        on
            own_gaps.category = all_gaps.category
            and own_gaps.month_date = all_gaps.month_date

)

{{ final_and_carried('months', day='month_date') }}
