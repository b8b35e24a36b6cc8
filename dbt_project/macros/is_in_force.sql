{#- Whether a version of a record was known on a day and not yet superseded. -#}
{% macro is_in_force(versions, day) -%}
    {{ versions }}.known_date <= {{ day }}
            and (
                {{ versions }}.superseded_date is null
                or {{ versions }}.superseded_date > {{ day }}
            )
{%- endmacro %}
