with order_lines as (select * from {{ ref('int_order_lines_versioned') }}),

final as (

    select
        source || '|' || order_line_id as order_line_key,
        source,
        order_line_id,
        order_id,
        account_id,
        product_id,
        line_kind,
        order_status,
        quantity,
        net_amount,
        cost_amount,
        net_amount - cost_amount as margin_amount,
        is_attributed,
        is_return,
        is_revenue,
        order_date,
        ordered_at,
        known_at,
        {{ as_of_date() }} as as_of_date
    from order_lines
    where is_latest

)

select * from final
