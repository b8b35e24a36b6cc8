with features as (select * from {{ ref('fct_churn_features') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

policy as ({{ policy_values(['lead_days', 'horizon_days']) }}),

eligible as (

    select
        features.account_id,
        features.snapshot_date,
        {{ add_days('features.snapshot_date', 'policy.lead_days') }}
            as opens_after_date,
        {{ add_days(
            'features.snapshot_date',
            'policy.lead_days + policy.horizon_days',
        ) }} as closes_on
    from features
    cross join policy
    where features.is_eligible

),

-- An open label is unknown, never "not churned".
closed as (

    select *
    from eligible
    where closes_on <= {{ as_of_date() }}

),

order_days as (

    select
        account_id,
        order_date
    from account_days
    where is_latest and is_order_day

),

final as (

    select
        closed.account_id,
        count(order_days.order_date) = 0 as is_churned,
        closed.closes_on,
        closed.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from closed
    left join order_days
        on
            closed.account_id = order_days.account_id
            and closed.opens_after_date < order_days.order_date
            and closed.closes_on >= order_days.order_date
    group by
        closed.account_id,
        closed.closes_on,
        closed.snapshot_date

)

select * from final
