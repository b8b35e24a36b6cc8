{#-
    Whether a row is read now, not taken over from the live night: it is among what changed
    since, by the columns both have. Without the variable carried_schema every row is.
-#}
{% macro is_read_anew(rows, columns, changed) -%}
    {%- if var('carried_schema') -%}
        (
            {%- for column in columns %}{{ ", " if not loop.first }}{{ rows }}.{{ column }}{% endfor -%}
        ) in (select {{ columns | join(', ') }} from {{ changed }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
