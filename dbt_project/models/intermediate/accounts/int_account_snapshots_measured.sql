{%- set windows = [30, 90, 180, 365] -%}
with account_days as (select * from {{ ref('int_account_days_known') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

policy as ({{ policy_values(['horizon_days', 'clv_window_days']) }}),

seen as (

    select
        account_days.account_id,
        account_days.lines_count,
        account_days.net_revenue_amount,
        account_days.ordered_amount,
        account_days.returned_amount,
        {{ days_between('account_days.order_date', 'snapshot_dates.snapshot_date') }}
            as age_days,
        case when account_days.is_order_day then 1 else 0 end as order_days_count,
        case when account_days.is_order_day then account_days.order_date end
            as order_day_date,
        policy.horizon_days,
        policy.clv_window_days,
        snapshot_dates.snapshot_date
    from account_days
    cross join policy
    inner join snapshot_dates
        on
            account_days.order_date <= snapshot_dates.snapshot_date
            and {{ is_in_force('account_days', 'snapshot_dates.snapshot_date') }}
    where not snapshot_dates.is_carried

),

final as (

    select
        account_id,
        {%- for days in windows %}
            sum(case when age_days < {{ days }} then order_days_count else 0 end)
                as order_days_{{ days }}d_count,
        {%- endfor %}
        sum(case when age_days < 730 then order_days_count else 0 end)
            as order_days_730d_count,
        sum(order_days_count) as order_days_total_count,
        -- in the days of last year that answer to those which the churn label looks at
        sum(
            case
                when age_days between 365 - horizon_days and 364 then order_days_count
                else 0
            end
        ) as order_days_ahead_last_year_count,
        sum(case when age_days < 365 then lines_count else 0 end) as lines_365d_count,
        {%- for days in windows %}
            sum(case when age_days < {{ days }} then net_revenue_amount else 0 end)
                as net_revenue_{{ days }}d_amount,
        {%- endfor %}
        sum(
            case when age_days between 180 and 359 then net_revenue_amount else 0 end
        ) as net_revenue_prior_180d_amount,
        {{ clv_window_sums() }},
        sum(net_revenue_amount) as net_revenue_total_amount,
        sum(case when order_days_count = 1 then net_revenue_amount else 0 end)
            as order_days_total_amount,
        sum(case when age_days < 365 then ordered_amount else 0 end)
            as ordered_365d_amount,
        sum(case when age_days < 365 then returned_amount else 0 end)
            as returned_365d_amount,
        min(order_day_date) as first_order_date,
        max(order_day_date) as last_order_date,
        snapshot_date
    from seen
    group by
        account_id,
        snapshot_date

)

select * from final
