{#- A query of one row, on one line: a column of the policy for parts of the general relationship, as <part>_<column>. -#}
{% macro component_policy(column, parts) -%}
    select
    {%- for part in parts %} max(case when component_code = '{{ part }}' then {{ column }} end) as {{ part }}_{{ column }}
    {{- "," if not loop.last }}{% endfor %} from {{ ref('policy_relationship_general_components') }}
{%- endmacro %}
