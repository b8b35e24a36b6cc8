{#- The moment at which a business day is over: the first of the next day. -#}
{% macro end_of_day(day) -%}
    {{ return(adapter.dispatch('end_of_day')(day, var('timezone'))) }}
{%- endmacro %}

{% macro default__end_of_day(day, zone) -%}
    (cast({{ add_days(day, 1) }} as timestamp) at time zone '{{ zone }}')
{%- endmacro %}

{% macro spark__end_of_day(day, zone) -%}
    to_utc_timestamp(cast({{ add_days(day, 1) }} as timestamp), '{{ zone }}')
{%- endmacro %}
