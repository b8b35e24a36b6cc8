{#- Tells the planner what a new table holds; without it a join may take minutes. -#}
{% macro gather_statistics(relation) -%}
    {{ return(adapter.dispatch('gather_statistics')(relation)) }}
{%- endmacro %}

{% macro default__gather_statistics(relation) -%}
    analyze {{ relation }}
{%- endmacro %}

{% macro spark__gather_statistics(relation) -%}
    analyze table {{ relation }} compute statistics
{%- endmacro %}
