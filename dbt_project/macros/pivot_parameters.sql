{#- Policy parameters side by side, a column each: stands in a select from policy_parameters. -#}
{% macro pivot_parameters(names) -%}
    {%- for name in names %}
        max(case when parameter = '{{ name }}' then value end) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
