{#- Aggregate: the value below which the given share lies, between two values if need be. Nulls do not count. -#}
{% macro percentile(value, rate) -%}
    {{ return(adapter.dispatch('percentile')(value, rate)) }}
{%- endmacro %}

{% macro default__percentile(value, rate) -%}
    percentile_cont({{ rate }}) within group (order by {{ value }})
{%- endmacro %}

{% macro spark__percentile(value, rate) -%}
    percentile({{ value }}, {{ rate }})
{%- endmacro %}
