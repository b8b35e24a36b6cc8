{%- set sides = {1: 'stg_raw__order_lines', -1: carried_relation('stg_raw__order_lines')} -%}
{%- set account_sides = {1: 'int_accounts_merged', -1: carried_relation('int_accounts_merged')} -%}
with orders as (select * from {{ ref('stg_raw__orders') }}),

stg_raw__order_lines as (select * from {{ ref('stg_raw__order_lines') }}),

int_accounts_merged as (select * from {{ ref('int_accounts_merged') }}),

records_changed as (select * from {{ ref('stg_raw__records_changed') }}),

final as (
    {% if var('carried_schema') %}
        select
            source,
            record_id as order_id
        from records_changed
        where entity = 'orders'

        {% for relation in sides.values() %}
            -- a line that was moved from one order to another concerns both
            union

            select
                source,
                order_id
            from {{ relation }}
            where
                (source, order_line_id) in (
                    select
                        source,
                        record_id
                    from records_changed
                    where entity = 'order_lines'
                )
        {% endfor %}

        union

        select
            source,
            order_id
        from orders
        where
            order_date > {{ carried_as_of_date() }}
            or account_id in (
                select account_id
                from (
                    {% for side, relation in account_sides.items() %}
                        select
                            account_id,
                            is_internal,
                            {{ side }} as side
                        from {{ relation }}
                        where is_latest
                        {{ "union all" if not loop.last }}
                    {% endfor %}
                ) as told
                group by
                    account_id,
                    is_internal
                having sum(side) <> 0
            )
    {%- else -%}
        select
            cast(null as {{ type_text() }}) as source,
            cast(null as {{ type_text() }}) as order_id
        where false
    {%- endif %}
)

select * from final
