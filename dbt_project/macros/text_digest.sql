{#- The digest by which the stage match knows a text; one of several columns is their lines. -#}
{% macro text_digest(columns) -%}
    md5(concat_ws(chr(10), {{ columns | join(', ') }}))
{%- endmacro %}
