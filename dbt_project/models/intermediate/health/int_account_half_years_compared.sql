with account_days as (select * from {{ ref('int_account_days_known') }}),

days as (select * from {{ ref('int_relationship_months_listed') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

policy as ({{ policy_values(['spend_rule_gap_days_maximum']) }}),

aged as (

    select
        account_days.account_id,
        account_days.net_revenue_amount,
        account_days.order_date,
        account_days.is_order_day,
        {{ days_between('account_days.order_date', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from account_days
    inner join days
        on
            account_days.order_date <= days.snapshot_date
            and {{ is_in_force('account_days', 'days.snapshot_date') }}

),

summed as (

    select
        account_id,
        min(case when is_order_day then order_date end) as first_order_date,
        sum(case when age_days < 180 then net_revenue_amount else 0 end) as now_amount,
        sum(case when age_days between 180 and 359 then net_revenue_amount else 0 end)
            as before_amount,
        snapshot_date
    from aged
    group by
        account_id,
        snapshot_date

),

-- as the lifecycle does: who orders seldom may have nothing in a half-year for no reason
final as (

    select
        summed.account_id,
        summed.first_order_date,
        cast(case
            when
                summed.first_order_date <= {{ add_days('summed.snapshot_date', -359) }}
                and rhythms.typical_gap_days <= policy.spend_rule_gap_days_maximum
                and summed.before_amount > 0
                then round((summed.now_amount - summed.before_amount) / summed.before_amount, 6)
        end as numeric(18, 6)) as spend_trend_rate,
        summed.snapshot_date
    from summed
    cross join policy
    left join rhythms
        on
            summed.account_id = rhythms.account_id
            and summed.snapshot_date = rhythms.snapshot_date

)

select * from final
