with int_order_lines_versioned as (select * from {{ ref('int_order_lines_versioned') }}),

orders_changed as (select * from {{ ref('int_orders_changed') }}),

final as (
    {% if var('carried_schema') %}
        {%- for relation in [
            'int_order_lines_versioned', carried_relation('int_order_lines_versioned')
        ] %}
            select account_id
            from {{ relation }}
            where
                account_id is not null
                and (source, order_id) in (
                    select
                        source,
                        order_id
                    from orders_changed
                )
            {{ "union" if not loop.last }}
        {%- endfor %}
    {%- else -%}
        select cast(null as {{ type_text() }}) as account_id
        where false
    {%- endif %}
)

select * from final
