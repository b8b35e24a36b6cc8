{#- A rate to six decimals, so that a sum of weights that should reach a limit reaches it. -#}
{% macro round_rate(rate) -%}
    cast(round(cast({{ rate }} as numeric(18, 10)), 6) as {{ type_double() }})
{%- endmacro %}
