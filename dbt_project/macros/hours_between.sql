{#- Hours from the first moment to the second, to four decimals. -#}
{% macro hours_between(earlier, later) -%}
    {{ return(adapter.dispatch('hours_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__hours_between(earlier, later) -%}
    cast(extract(epoch from {{ later }} - {{ earlier }}) / 3600 as numeric(18, 4))
{%- endmacro %}

{% macro spark__hours_between(earlier, later) -%}
    cast((unix_micros({{ later }}) - unix_micros({{ earlier }})) / 3600000000 as numeric(18, 4))
{%- endmacro %}
