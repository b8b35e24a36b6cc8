with account_days as (select * from {{ ref('int_account_days_known') }}),

dates as (select * from {{ ref('dim_dates') }}),

account_months as (

    select
        account_id,
        {{ month_start('order_date') }} as month_date,
        sum(net_revenue_amount) as net_revenue_amount,
        bool_or(is_order_day) as has_order_day
    from account_days
    where is_latest
    group by
        account_id,
        {{ month_start('order_date') }}

),

firsts as (

    select
        account_id,
        min(month_date) as cohort_month_date
    from account_months
    where has_order_day
    group by account_id

),

months as (

    select distinct
        month_start_date as month_date,
        month_end_date
    from dates
    where month_start_date <= {{ as_of_date() }}

),

followed as (

    select
        firsts.account_id,
        firsts.cohort_month_date,
        months.month_date,
        months.month_end_date,
        coalesce(account_months.has_order_day, false) as has_order_day,
        coalesce(account_months.net_revenue_amount, 0) as net_revenue_amount
    from firsts
    inner join months on firsts.cohort_month_date <= months.month_date
    left join account_months
        on
            firsts.account_id = account_months.account_id
            and months.month_date = account_months.month_date

),

final as (

    select
        *,
        first_value(net_revenue_amount) over (
            partition by account_id
            order by month_date
        ) as first_revenue_amount
    from followed

)

select * from final
