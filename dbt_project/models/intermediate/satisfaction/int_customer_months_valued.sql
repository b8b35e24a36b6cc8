with months as (select * from {{ ref('int_satisfaction_months_listed') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

contracts as (select * from {{ ref('int_contract_months_summed') }}),

months_heard as (

    select distinct
        month_date,
        counted_date,
        {{ month_number('month_date') }} as month_number
    from months

),

revenue_months as (

    select
        account_id,
        {{ month_number('order_date') }} as month_number,
        sum(net_revenue_amount) as net_revenue_amount
    from account_days
    where is_latest
    group by
        account_id,
        {{ month_number('order_date') }}

),

ordered as (

    select
        revenue_months.account_id,
        months_heard.month_date,
        months_heard.counted_date,
        sum(revenue_months.net_revenue_amount) as revenue_12m_amount
    from months_heard
    inner join revenue_months
        on
            months_heard.month_number >= revenue_months.month_number
            and months_heard.month_number < revenue_months.month_number + 12
    group by
        revenue_months.account_id,
        months_heard.month_date,
        months_heard.counted_date
    having sum(revenue_months.net_revenue_amount) > 0

),

agreed as (

    select
        contracts.account_id,
        contracts.month_date,
        months_heard.counted_date,
        contracts.mrr_amount * 12 as revenue_12m_amount
    from contracts
    inner join months_heard on contracts.month_date = months_heard.month_date
    where contracts.mrr_amount > 0

),

-- Who has both orders and contracts pays the contracts by what is ordered, or would be
-- counted twice.
final as (

    select
        coalesce(ordered.account_id, agreed.account_id) as account_id,
        cast(
            coalesce(ordered.revenue_12m_amount, agreed.revenue_12m_amount)
            as numeric(18, 4)
        ) as revenue_12m_amount,
        coalesce(ordered.month_date, agreed.month_date) as month_date,
        coalesce(ordered.counted_date, agreed.counted_date) as counted_date
    from ordered
    full outer join agreed
        on
            ordered.account_id = agreed.account_id
            and ordered.month_date = agreed.month_date

)

select * from final
