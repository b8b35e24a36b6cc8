{#- The business day of a moment: its date in the company's time zone. -#}
{% macro date_in_zone(moment) -%}
    {%- if execute and not var('timezone') -%}
        {{ exceptions.raise_compiler_error(
            "timezone is not set. "
            ~ "Pass --vars '{as_of_date: 2026-01-31, timezone: Europe/London}'."
        ) }}
    {%- endif -%}
    {{ return(adapter.dispatch('date_in_zone')(moment, var('timezone'))) }}
{%- endmacro %}

{% macro default__date_in_zone(moment, zone) -%}
    cast({{ moment }} at time zone '{{ zone }}' as date)
{%- endmacro %}

{#- Right when spark.sql.session.timeZone is UTC. -#}
{% macro spark__date_in_zone(moment, zone) -%}
    to_date(from_utc_timestamp({{ moment }}, '{{ zone }}'))
{%- endmacro %}
