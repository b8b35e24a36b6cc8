{#- A query: of each day, which share of the customers of the window before bought again. -#}
{% macro clv_retained(rows) -%}
    select
        snapshot_date,
        cast(
            sum(case when clv_window_days_count > 0 then 1 else 0 end) as {{ type_double() }}
        ) / count(*) as retention_rate
    from {{ rows }}
    where clv_before_days_count > 0
    group by snapshot_date
{%- endmacro %}
