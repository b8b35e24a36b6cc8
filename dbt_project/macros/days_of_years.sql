{#- A query of the days from the first day of one year to the last day of another: calendar_date. -#}
{% macro days_of_years(bounds, first_year, last_year) -%}
    {{ return(adapter.dispatch('days_of_years')(bounds, first_year, last_year)) }}
{%- endmacro %}

{% macro default__days_of_years(bounds, first_year, last_year) -%}
    select cast(days.moment as date) as calendar_date
    from {{ bounds }}
    cross join generate_series(
        cast(make_date(least({{ first_year }}, {{ last_year }}), 1, 1) as timestamp),
        cast(make_date({{ last_year }}, 12, 31) as timestamp),
        interval '1 day'
    ) as days (moment)
{%- endmacro %}

{% macro spark__days_of_years(bounds, first_year, last_year) -%}
    select explode(sequence(
        make_date(least({{ first_year }}, {{ last_year }}), 1, 1), make_date({{ last_year }}, 12, 31)
    )) as calendar_date
    from {{ bounds }}
{%- endmacro %}
