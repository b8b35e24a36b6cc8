with windows as (select * from {{ ref('int_lifetime_windows_listed') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

buyers_changed as (select * from {{ ref('int_buyers_changed') }}),

opened as (

    select
        rhythms.account_id,
        windows.window_code,
        windows.months_count,
        windows.closes_on,
        windows.snapshot_date
    from rhythms
    inner join windows on rhythms.snapshot_date = windows.snapshot_date
    where {{ is_measured_anew('windows', 'rhythms.account_id', 'buyers_changed') }}

),

final as (

    select
        opened.account_id || '|' || opened.window_code as value_label_key,
        opened.account_id,
        opened.window_code,
        opened.months_count,
        cast(coalesce(sum(account_days.net_revenue_amount), 0) as numeric(18, 4))
            as net_revenue_amount,
        cast(count(case when account_days.is_order_day then 1 end) as bigint)
            as order_days_count,
        opened.closes_on,
        opened.snapshot_date,
        {{ as_of_date() }} as as_of_date
    from opened
    left join account_days
        on
            opened.account_id = account_days.account_id
            and account_days.is_latest
            and opened.snapshot_date < account_days.order_date
            and opened.closes_on >= account_days.order_date
    group by
        opened.account_id,
        opened.window_code,
        opened.months_count,
        opened.closes_on,
        opened.snapshot_date

)

{{ final_and_carried('windows', day='window_code', but='buyers_changed') }}
