{#- A query of the last days before a day: days_back (from 1) and day_before. -#}
{% macro days_before(day, count) -%}
    {{ return(adapter.dispatch('days_before')(day, count)) }}
{%- endmacro %}

{% macro default__days_before(day, count) -%}
    select
        days_back,
        {{ add_days(day, '-days_back') }} as day_before
    from generate_series(1, {{ count }}) as days (days_back)
{%- endmacro %}

{% macro spark__days_before(day, count) -%}
    select
        days_back,
        {{ add_days(day, '-days_back') }} as day_before
    from (select explode(sequence(1, {{ count }})) as days_back)
{%- endmacro %}
