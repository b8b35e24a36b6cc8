with order_lines as (select * from {{ ref('stg_raw__order_lines') }}),

orders as (select * from {{ ref('stg_raw__orders') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

line_kinds as (select * from {{ ref('policy_line_kinds') }}),

orders_changed as (select * from {{ ref('int_orders_changed') }}),

known_accounts as (

    select
        account_id,
        is_internal
    from accounts
    where is_latest

),

-- A line's version and its order's version hold together while both are in force. A
-- contract may lack the kind of a line; such a line is a product.
together as (

    select
        order_lines.source,
        order_lines.order_line_id,
        order_lines.order_id,
        orders.account_id,
        order_lines.product_id,
        coalesce(order_lines.line_kind, 'product') as line_kind,
        orders.order_status,
        order_lines.quantity,
        order_lines.net_amount,
        order_lines.cost_amount,
        coalesce(orders.order_status, 'done') = 'cancelled' as is_cancelled,
        orders.order_date,
        greatest(order_lines.known_date, orders.known_date) as known_date,
        least(order_lines.superseded_date, orders.superseded_date) as superseded_date,
        orders.ordered_at,
        greatest(order_lines.known_at, orders.known_at) as known_at
    from order_lines
    inner join orders
        on
            order_lines.source = orders.source
            and order_lines.order_id = orders.order_id
            and (
                orders.superseded_date is null
                or order_lines.known_date < orders.superseded_date
            )
            and (
                order_lines.superseded_date is null
                or order_lines.superseded_date > orders.known_date
            )
    where
        orders.order_date <= {{ as_of_date() }}
        and {{ is_read_anew('orders', ['source', 'order_id'], 'orders_changed') }}

),

final as (

    select
        together.source,
        together.order_line_id,
        together.order_id,
        known_accounts.account_id,
        together.product_id,
        together.line_kind,
        together.order_status,
        together.quantity,
        together.net_amount,
        together.cost_amount,
        known_accounts.account_id is not null as is_attributed,
        coalesce(not known_accounts.is_internal, false) as is_measured,
        coalesce(line_kinds.counts_as_revenue, false)
        and not together.is_cancelled as is_revenue,
        coalesce(line_kinds.counts_as_return, false)
        and (together.net_amount < 0 or together.quantity < 0) as is_return,
        together.superseded_date is null as is_latest,
        together.order_date,
        together.known_date,
        together.superseded_date,
        together.ordered_at,
        together.known_at
    from together
    left join known_accounts
        on together.account_id = known_accounts.account_id
    left join line_kinds
        on together.line_kind = line_kinds.line_kind

)

{{ rest_carried('final', 'orders_changed', ['source', 'order_id']) }}
