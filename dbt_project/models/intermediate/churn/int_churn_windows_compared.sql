with windows as (select * from {{ ref('int_churn_windows_measured') }}),

policy as ({{ policy_values([
    'active_window_days',
    'horizon_days',
    'churn_gap_multiple',
    'churn_days_minimum',
    'churn_days_maximum',
]) }}),

aged as (

    select
        windows.*,
        policy.horizon_days,
        windows.days_since_last_order < policy.active_window_days as is_active,
        {{ churn_limit_days('windows.typical_gap_days') }} as churn_limit_days,
        {{ days_between('windows.first_order_date', 'windows.snapshot_date') }} as tenure_days
    from windows
    cross join policy

),

final as (

    select
        account_id,
        category,
        is_active,
        days_since_last_order <= churn_limit_days as is_in_rhythm,
        -- who is known now never to have ordered has none: all of it was taken back
        coalesce(last_order_date > opens_after_date, false) as has_ordered,
        {{ days_between('last_order_date', 'closes_on') }} as silent_days,
        churn_limit_days,
        net_revenue_amount,
        -- the same days a year before, else the days before at their usual pace
        cast(
            case
                when first_order_date <= {{ add_days('opens_after_date', -365) }}
                    then year_before_amount
                else
                    trailing_amount * horizon_days
                    / least(365, greatest(horizon_days, tenure_days))
            end as numeric(18, 4)
        ) as usual_amount,
        closes_on,
        snapshot_date
    from aged

)

select * from final
