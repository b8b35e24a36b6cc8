{#- Months counted through, so that two of them can be taken from each other. -#}
{% macro month_number(day) -%}
    cast(12 * extract(year from {{ day }}) + extract(month from {{ day }}) as int)
{%- endmacro %}
