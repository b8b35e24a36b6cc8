{#-
    Everything of one build lies in one schema, which is dropped as a whole when nobody
    reads it any more.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
