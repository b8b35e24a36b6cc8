with order_lines as (

    select
        *,
        case when net_amount > 0 then order_date end as bought_date
    from {{ ref('int_order_lines_versioned') }}

),

days as (select * from {{ ref('int_next_product_days_listed') }}),

rhythms as (select * from {{ ref('int_account_rhythms_measured') }}),

policy as ({{ policy_values(['next_product_cycles_count', 'next_product_return_days']) }}),

traded as (

    select
        order_lines.account_id,
        order_lines.product_id,
        sum(order_lines.net_amount) as net_amount,
        sum(order_lines.net_amount - order_lines.cost_amount) as margin_amount,
        sum(case when order_lines.cost_amount is not null then order_lines.net_amount else 0 end)
            as costed_amount,
        count(distinct order_lines.bought_date) as order_days_count,
        min(order_lines.bought_date) as first_order_date,
        max(order_lines.bought_date) as last_order_date,
        max(case when order_lines.is_return then order_lines.order_date end) as last_return_date,
        days.snapshot_date
    from order_lines
    inner join days
        on
            order_lines.order_date between days.window_from_date and days.snapshot_date
            and {{ is_in_force('order_lines', 'days.snapshot_date') }}
    where
        order_lines.is_measured
        and order_lines.is_revenue
        and order_lines.product_id is not null
    group by
        order_lines.account_id,
        order_lines.product_id,
        days.snapshot_date

),

-- A product has a rhythm of its own when it was bought twice; it is never a shorter one
-- than that of the customer.
final as (

    select
        traded.account_id,
        traded.product_id,
        traded.net_amount,
        traded.margin_amount,
        traded.costed_amount,
        traded.order_days_count,
        coalesce(
            {{ days_between('traded.last_order_date', 'traded.snapshot_date') }}
            <= policy.next_product_cycles_count * greatest(
                rhythms.typical_gap_days,
                1.0 * {{ days_between('traded.first_order_date', 'traded.last_order_date') }}
                / nullif(traded.order_days_count - 1, 0)
            ),
            false
        ) as is_in_cycle,
        coalesce(
            {{ days_between('traded.last_return_date', 'traded.snapshot_date') }}
            < policy.next_product_return_days,
            false
        ) as is_returned,
        traded.snapshot_date
    from traded
    cross join policy
    left join rhythms
        on
            traded.account_id = rhythms.account_id
            and traded.snapshot_date = rhythms.snapshot_date

)

select * from final
