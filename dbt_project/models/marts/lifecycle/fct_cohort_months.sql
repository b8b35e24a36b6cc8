with months as (select * from {{ ref('int_cohort_months_listed') }}),

policy as ({{ policy_values(['confidence_z']) }}),

summed as (

    select
        cohort_month_date,
        month_date,
        month_end_date,
        count(*) as accounts_count,
        count(case when has_order_day then 1 end) as active_accounts_count,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(first_revenue_amount) as first_revenue_amount,
        sum(greatest(first_revenue_amount, 0)) as first_gross_amount,
        sum(greatest(0, least(net_revenue_amount, first_revenue_amount)))
            as gross_retained_amount
    from months
    group by
        cohort_month_date,
        month_date,
        month_end_date

),

final as (

    select
        summed.cohort_month_date || '|' || summed.month_date as cohort_month_key,
        cast(row_number() over cohort - 1 as int) as months_since_first,
        summed.accounts_count,
        summed.active_accounts_count,
        cast(
            cast(summed.active_accounts_count as numeric) / summed.accounts_count
            as {{ type_double() }}
        ) as retention_rate,
        {{ wilson_bound('summed.active_accounts_count', 'summed.accounts_count', '-') }}
            as retention_rate_low,
        {{ wilson_bound('summed.active_accounts_count', 'summed.accounts_count', '+') }}
            as retention_rate_high,
        summed.net_revenue_amount,
        sum(summed.net_revenue_amount) over cohort as total_revenue_amount,
        summed.first_revenue_amount,
        summed.gross_retained_amount,
        cast(
            summed.gross_retained_amount / nullif(summed.first_gross_amount, 0)
            as {{ type_double() }}
        ) as gross_retention_rate,
        cast(
            case
                when summed.first_revenue_amount > 0
                    then summed.net_revenue_amount / summed.first_revenue_amount
            end as {{ type_double() }}
        ) as net_retention_rate,
        summed.month_end_date <= {{ as_of_date() }} as is_closed,
        summed.cohort_month_date,
        summed.month_date,
        {{ as_of_date() }} as as_of_date
    from summed
    cross join policy
    window cohort as (
        partition by summed.cohort_month_date
        order by summed.month_date
        rows between unbounded preceding and current row
    )

)

select * from final
