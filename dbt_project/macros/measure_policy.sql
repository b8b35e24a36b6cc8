{#- A query of one row, on one line: a column of the policy for measures that gates ask for, as <measure>_<column>. -#}
{% macro measure_policy(column, measures) -%}
    select
    {%- for measure in measures %} max(case when measure_code = '{{ measure }}' then {{ column }} end) as {{ measure }}_{{ column }}
    {{- "," if not loop.last }}{% endfor %} from {{ ref('policy_relationship_measures') }}
{%- endmacro %}
