{%- set amounts = ['lines_count', 'net_amount', 'ordered_amount', 'returned_amount'] -%}
with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

buyers_changed as (select * from {{ ref('int_buyers_changed') }}),

counted as (

    select
        order_lines.account_id,
        1 as lines_count,
        order_lines.net_amount,
        case when order_lines.net_amount > 0 then order_lines.net_amount else 0 end
            as ordered_amount,
        case when order_lines.is_return then -order_lines.net_amount else 0 end as returned_amount,
        order_lines.order_date,
        order_lines.known_date,
        order_lines.superseded_date
    from order_lines
    where
        order_lines.is_measured
        and order_lines.is_revenue
        and {{ is_read_anew('order_lines', ['account_id'], 'buyers_changed') }}

),

-- A version comes in on the day it is known and goes out on the day a newer one is, so
-- that the sum of all movements up to a day is what was known on that day, to the cent.
movements as (

    select
        account_id,
        {{ amounts | join(', ') }},
        order_date,
        known_date
    from counted

    union all

    select
        account_id,
        -{{ amounts | join(', -') }},
        order_date,
        superseded_date as known_date
    from counted
    where superseded_date is not null

),

movement_days as (

    select
        account_id,
        {%- for amount in amounts %}
            sum({{ amount }}) as {{ amount }},
        {%- endfor %}
        order_date,
        known_date
    from movements
    group by account_id, order_date, known_date

),

balances as (

    select
        account_id,
        {%- for amount in amounts %}
            sum({{ amount }}) over until_known as {{ amount }},
        {%- endfor %}
        order_date,
        known_date,
        lead(known_date) over (partition by account_id, order_date order by known_date)
            as superseded_date
    from movement_days
    window until_known as (
        partition by account_id, order_date order by known_date
        rows between unbounded preceding and current row
    )

),

final as (

    select
        account_id,
        cast(lines_count as bigint) as lines_count,
        net_amount as net_revenue_amount,
        ordered_amount,
        returned_amount,
        net_amount > 0 as is_order_day,
        superseded_date is null as is_latest,
        order_date,
        known_date,
        superseded_date
    from balances

)

{{ rest_carried('final', 'buyers_changed', ['account_id']) }}
