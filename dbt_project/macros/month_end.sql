{#- The last day of a date's month. -#}
{% macro month_end(day) -%}
    {{ return(adapter.dispatch('month_end')(day)) }}
{%- endmacro %}

{% macro default__month_end(day) -%}
    cast(date_trunc('month', {{ day }}) + interval '1 month' - interval '1 day' as date)
{%- endmacro %}

{% macro spark__month_end(day) -%}
    last_day({{ day }})
{%- endmacro %}
