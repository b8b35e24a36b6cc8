with order_lines as (

    select * from {{ ref('int_order_lines_versioned') }}

),

counted as (

    select
        account_id,
        net_amount,
        case when net_amount > 0 then net_amount else 0 end as ordered_amount,
        case when is_return then -net_amount else 0 end as returned_amount,
        order_date,
        known_date,
        superseded_date
    from order_lines
    where is_measured and is_revenue

),

-- A version comes in on the day it is known and goes out on the day a newer one is, so
-- that the sum of all movements up to a day is what was known on that day, to the cent.
movements as (

    select
        account_id,
        1 as lines_count,
        net_amount,
        ordered_amount,
        returned_amount,
        order_date,
        known_date
    from counted

    union all

    select
        account_id,
        -1 as lines_count,
        -net_amount as net_amount,
        -ordered_amount as ordered_amount,
        -returned_amount as returned_amount,
        order_date,
        superseded_date as known_date
    from counted
    where superseded_date is not null

),

movement_days as (

    select
        account_id,
        sum(lines_count) as lines_count,
        sum(net_amount) as net_amount,
        sum(ordered_amount) as ordered_amount,
        sum(returned_amount) as returned_amount,
        order_date,
        known_date
    from movements
    group by
        account_id,
        order_date,
        known_date

),

balances as (

    select
        account_id,
        sum(lines_count) over until_known as lines_count,
        sum(net_amount) over until_known as net_revenue_amount,
        sum(ordered_amount) over until_known as ordered_amount,
        sum(returned_amount) over until_known as returned_amount,
        order_date,
        known_date,
        lead(known_date) over (
            partition by account_id, order_date
            order by known_date
        ) as superseded_date
    from movement_days
    window until_known as (
        partition by account_id, order_date
        order by known_date
        rows between unbounded preceding and current row
    )

),

final as (

    select
        account_id,
        cast(lines_count as bigint) as lines_count,
        net_revenue_amount,
        ordered_amount,
        returned_amount,
        net_revenue_amount > 0 as is_order_day,
        superseded_date is null as is_latest,
        order_date,
        known_date,
        superseded_date
    from balances

)

select * from final
