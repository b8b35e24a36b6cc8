{#- The columns of a table of the live night, by name, so that a union with it does not rest on their order. -#}
{% macro carried_columns(relation) -%}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list or ['*']) }}
{%- endmacro %}
