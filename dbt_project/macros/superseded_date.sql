{#-
    The business day on which a newer version of the same raw record became known; null
    for the latest.
-#}
{% macro superseded_date() -%}
    lead({{ date_in_zone('known_at') }}) over (
        partition by source, record_id
        order by known_at
    )
{%- endmacro %}
