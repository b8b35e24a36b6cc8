{#- A query of the last month ends before a day: months_back (from 1) and month_end. -#}
{% macro month_ends_before(day, count) -%}
    {{ return(adapter.dispatch('month_ends_before')(day, count)) }}
{%- endmacro %}

{% macro default__month_ends_before(day, count) -%}
    select
        months_back,
        cast(
            date_trunc('month', {{ day }})
            - (months_back - 1) * interval '1 month' - interval '1 day' as date
        ) as month_end
    from generate_series(1, {{ count }}) as months (months_back)
{%- endmacro %}

{% macro spark__month_ends_before(day, count) -%}
    select
        months_back,
        last_day(add_months({{ day }}, -months_back)) as month_end
    from (select explode(sequence(1, {{ count }})) as months_back)
{%- endmacro %}
