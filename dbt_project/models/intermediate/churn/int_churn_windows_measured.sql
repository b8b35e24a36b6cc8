{%- set figures = {
    'net_revenue_amount': ['windows.opens_after_date', 'windows.closes_on'],
    'year_before_amount': [
        add_days('windows.opens_after_date', -365), add_days('windows.closes_on', -365)
    ],
    'trailing_amount': [add_days('windows.snapshot_date', -365), 'windows.snapshot_date'],
} -%}
with account_days as (select * from {{ ref('int_account_days_known') }}),

category_days as (select * from {{ ref('int_category_days_listed') }}),

windows as (select * from {{ ref('int_churn_windows_opened') }}),

days as (select * from {{ ref('int_churn_days_listed') }}),

buyers_changed as (select * from {{ ref('int_buyers_changed') }}),

bought as (

    select
        account_id,
        '' as category,
        net_revenue_amount,
        case when is_order_day then order_date end as order_day_date,
        order_date
    from account_days
    where is_latest

    union all

    select
        account_id,
        category,
        net_revenue_amount,
        case when is_order_day then order_date end as order_day_date,
        order_date
    from category_days

),

final as (

    select
        windows.account_id,
        windows.category,
        coalesce(
            windows.days_since_last_order,
            {{ days_between(
                'max(case when bought.order_day_date <= windows.snapshot_date '
                ~ 'then bought.order_day_date end)',
                'windows.snapshot_date',
            ) }}
        ) as days_since_last_order,
        windows.typical_gap_days,
        {%- for figure, (after, until) in figures.items() %}
            coalesce(sum(case
                when bought.order_date > {{ after }} and bought.order_date <= {{ until }}
                    then bought.net_revenue_amount
            end), 0) as {{ figure }},
        {%- endfor %}
        min(bought.order_day_date) as first_order_date,
        max(bought.order_day_date) as last_order_date,
        windows.opens_after_date,
        windows.closes_on,
        windows.snapshot_date
    from windows
    left join bought
        on
            windows.account_id = bought.account_id
            and windows.category = bought.category
            and windows.closes_on >= bought.order_date
    group by
        windows.account_id,
        windows.category,
        windows.days_since_last_order,
        windows.typical_gap_days,
        windows.opens_after_date,
        windows.closes_on,
        windows.snapshot_date

)

{{ final_and_carried('days', but='buyers_changed') }}
