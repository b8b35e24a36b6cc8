{#- What the live night built of a model; only where the variable carried_schema is set. -#}
{% macro carried_relation(model_name) -%}
    {{ return(api.Relation.create(
        database=target.database, schema=var('carried_schema'), identifier=model_name
    )) }}
{%- endmacro %}
