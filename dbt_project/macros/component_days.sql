{#- A query of one row, on one line: how far parts of the general relationship look back, as columns <part>_days. -#}
{% macro component_days(parts) -%}
    select
    {%- for part in parts %} max(case when component_code = '{{ part }}' then window_days end) as {{ part }}_days
    {{- "," if not loop.last }}{% endfor %} from {{ ref('policy_relationship_general_components') }}
{%- endmacro %}
