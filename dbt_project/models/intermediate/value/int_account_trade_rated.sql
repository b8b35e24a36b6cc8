with trade as (select * from {{ ref('int_account_trade_measured') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

policy as ({{ policy_values([
    'clv_window_days',
    'clv_months_count',
    'growth_history_days_minimum',
    'loyalty_months_minimum',
]) }}),

retained as (

    {{ clv_retained('trade') }}

),

spanned as (

    select
        trade.*,
        retained.retention_rate,
        {{ days_between('trade.first_order_date', 'trade.snapshot_date') }} as buying_days,
        {{ days_between(
            'least(trade.first_order_date, accounts.first_contract_date)',
            'trade.snapshot_date',
        ) }} as tenure_days
    from trade
    inner join accounts on trade.account_id = accounts.account_id
    left join retained on trade.snapshot_date = retained.snapshot_date

),

final as (

    select
        spanned.account_id,
        -- a contract that begins after the day makes nobody a customer of it
        case when spanned.tenure_days >= 0 then spanned.tenure_days end as tenure_days,
        case
            when spanned.buying_days is not null
                then least(12, floor(spanned.buying_days * 12 / 365) + 1)
        end as months_observed_count,
        case
            when
                spanned.net_revenue_prior_365d_amount > 0
                and spanned.buying_days >= policy.growth_history_days_minimum
                then cast(
                    spanned.net_revenue_365d_amount / spanned.net_revenue_prior_365d_amount - 1
                    as {{ type_double() }}
                )
        end as growth_rate,
        cast(
            spanned.order_days_365d_amount / nullif(spanned.order_days_365d_count, 0)
            as numeric(18, 4)
        ) as average_order_amount,
        cast(spanned.order_days_365d_count - 1 as {{ type_double() }})
        / nullif(spanned.order_days_365d_count, 0) as repeat_rate,
        case
            when floor(spanned.buying_days * 12 / 365) >= policy.loyalty_months_minimum
                then
                    cast(spanned.months_with_order_count as {{ type_double() }})
                    / least(12, floor(spanned.buying_days * 12 / 365) + 1)
        end as months_with_order_rate,
        spanned.retention_rate,
        case
            when spanned.first_order_date is not null
                then {{ clv_amount(
                    'spanned.clv_window_amount', 'policy.clv_window_days',
                    'policy.clv_months_count', 'spanned.retention_rate',
                ) }}
        end as clv_amount,
        policy.clv_months_count,
        spanned.is_current,
        spanned.snapshot_date
    from spanned
    cross join policy

)

select * from final
