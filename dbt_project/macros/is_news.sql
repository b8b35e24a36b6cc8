{#-
    Whether a row was loaded, or its day came, after the live night that is carried from.
    Without the variable carried_schema nothing is news: all is read anyway.
-#}
{% macro is_news(day) -%}
    {%- if var('carried_schema') -%}
        (gen > {{ var('carried_gen') }} or {{ day }} > {{ carried_as_of_date() }})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
