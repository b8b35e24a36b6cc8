{#- A part of a whole as a number between 0 and 1; null of nothing. -#}
{% macro rate(part, whole) -%}
    cast({{ part }} as {{ type_double() }}) / nullif({{ whole }}, 0)
{%- endmacro %}
