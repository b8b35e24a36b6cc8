{#- A query of one row, on one line: how far measures that gates ask for look back, as columns <measure>_days. -#}
{% macro measure_days(measures) -%}
    select
    {%- for measure in measures %} max(case when measure_code = '{{ measure }}' then window_days end) as {{ measure }}_days
    {{- "," if not loop.last }}{% endfor %} from {{ ref('policy_relationship_measures') }}
{%- endmacro %}
