{#- A number that differs where any of the columns does, to compare tables by its sum. -#}
{% macro row_digest(columns) -%}
    {{ return(adapter.dispatch('row_digest')(columns)) }}
{%- endmacro %}

{% macro default__row_digest(columns) -%}
    hash_record_extended(row({{ columns | join(', ') }}), 0)
{%- endmacro %}

{% macro spark__row_digest(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
