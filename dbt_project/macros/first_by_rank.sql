{#-
    Aggregate: the value of the best (lowest) source_rank that has one, as text.
    min() passes nulls over, and the zeros make the order of the texts that of the ranks.
-#}
{% macro first_by_rank(value) -%}
    substr(
        min(
            lpad(cast(source_rank as {{ type_text() }}), 6, '0')
            || cast({{ value }} as {{ type_text() }})
        ),
        7
    )
{%- endmacro %}
