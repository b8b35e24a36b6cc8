{#-
    The day the build answers for. Models never ask the clock: a re-run must give the
    same rows.
-#}
{% macro as_of_date() -%}
    {%- if execute and not var('as_of_date') -%}
        {{ exceptions.raise_compiler_error(
            "as_of_date is not set. "
            ~ "Pass --vars '{as_of_date: 2026-01-31, timezone: Europe/London}'."
        ) }}
    {%- endif -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}
