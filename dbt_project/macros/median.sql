{#-
    The median, halfway between the two middle values when they are even in number.
    Nulls do not count.
-#}
{% macro median(value) -%}
    {{ return(adapter.dispatch('median')(value)) }}
{%- endmacro %}

{% macro default__median(value) -%}
    percentile_cont(0.5) within group (order by {{ value }})
{%- endmacro %}

{% macro spark__median(value) -%}
    percentile({{ value }}, 0.5)
{%- endmacro %}
