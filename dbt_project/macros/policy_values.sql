{#- A query of one row, on one line: parameters of the policy as columns, one a name. -#}
{% macro policy_values(names) -%}
    select
    {%- for name in names %} max(case when parameter = '{{ name }}' then value end) as {{ name }}
    {{- "," if not loop.last }}{% endfor %} from {{ ref('policy_parameters') }}
{%- endmacro %}
