with category_days as (select * from {{ ref('int_category_days_listed') }}),

months as (select * from {{ ref('int_category_months_listed') }}),

-- months first, so that long histories cost little
month_sums as (

    select
        account_id,
        category,
        sum(net_revenue_amount) as net_revenue_amount,
        month_number,
        max(case when is_order_day then order_date end) as last_order_date
    from category_days
    group by
        account_id,
        category,
        month_number

),

final as (

    select
        month_sums.account_id,
        month_sums.category,
        coalesce(sum(
            case
                when month_sums.month_number = months.month_number
                    then month_sums.net_revenue_amount
            end
        ), 0) as spend_amount,
        coalesce(sum(
            case
                when month_sums.month_number > months.month_number - 12
                    then month_sums.net_revenue_amount
            end
        ), 0) as spend_12m_amount,
        coalesce(sum(
            case
                when
                    month_sums.month_number
                    between months.month_number - 23 and months.month_number - 12
                    then month_sums.net_revenue_amount
            end
        ), 0) as spend_prior_12m_amount,
        months.month_number,
        months.month_date,
        months.counted_date,
        max(month_sums.last_order_date) as last_order_date
    from months
    inner join month_sums on months.month_number >= month_sums.month_number
    where not months.is_carried
    group by
        month_sums.account_id,
        month_sums.category,
        months.month_number,
        months.month_date,
        months.counted_date
    having max(month_sums.last_order_date) is not null

)

select * from final
