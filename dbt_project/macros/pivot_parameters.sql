{#- Policy parameters as columns; stands in a select from policy_parameters. -#}
{% macro pivot_parameters(names) -%}
    {%- for name in names %}
        max(case when parameter = '{{ name }}' then value end) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
