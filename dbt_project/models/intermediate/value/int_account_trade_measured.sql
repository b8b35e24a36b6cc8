{%- set measures = [
    'net_revenue_365d_amount', 'net_revenue_prior_365d_amount', 'net_revenue_total_amount',
    'order_days_365d_amount', 'order_days_365d_count', 'months_with_order_count',
    'clv_window_amount', 'clv_window_days_count', 'clv_before_days_count',
] -%}
with accounts as (select * from {{ ref('int_accounts_measured') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

inputs as (select * from {{ ref('int_value_inputs_checked') }}),

policy as ({{ policy_values(['clv_window_days']) }}),

aged as (

    select
        account_days.account_id,
        account_days.net_revenue_amount,
        {{ days_between('account_days.order_date', 'inputs.snapshot_date') }} as age_days,
        case when account_days.is_order_day then 1 else 0 end as order_days_count,
        case when account_days.is_order_day then account_days.order_date end
            as order_day_date,
        policy.clv_window_days,
        inputs.snapshot_date
    from account_days
    cross join policy
    inner join inputs
        on
            account_days.order_date <= inputs.snapshot_date
            and {{ is_in_force('account_days', 'inputs.snapshot_date') }}

),

summed as (

    select
        account_id,
        sum(case when age_days < 365 then net_revenue_amount else 0 end)
            as net_revenue_365d_amount,
        sum(case when age_days between 365 and 729 then net_revenue_amount else 0 end)
            as net_revenue_prior_365d_amount,
        sum(net_revenue_amount) as net_revenue_total_amount,
        sum(case when age_days < 365 then order_days_count * net_revenue_amount else 0 end)
            as order_days_365d_amount,
        sum(case when age_days < 365 then order_days_count else 0 end)
            as order_days_365d_count,
        -- twelve equal parts of the 365 days, which the calendar's months are not
        count(
            distinct case
                when age_days < 365 and order_days_count = 1 then floor(age_days * 12 / 365)
            end
        ) as months_with_order_count,
        {{ clv_window_sums() }},
        min(order_day_date) as first_order_date,
        max(order_day_date) as last_order_date,
        snapshot_date
    from aged
    group by
        account_id,
        snapshot_date

),

final as (

    select
        accounts.account_id,
        {%- for measure in measures %}
            case when inputs.has_order_lines then coalesce(summed.{{ measure }}, 0) end
                as {{ measure }},
        {%- endfor %}
        summed.first_order_date,
        summed.last_order_date,
        inputs.is_current,
        inputs.snapshot_date
    from accounts
    cross join inputs
    left join summed
        on
            accounts.account_id = summed.account_id
            and inputs.snapshot_date = summed.snapshot_date
    where not accounts.is_internal

)

select * from final
