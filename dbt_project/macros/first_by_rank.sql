{#-
    Aggregate: the value of the best (lowest) source_rank that has one, as text.
    min() passes nulls over, and the zeros make the order of the texts the order of the ranks.
-#}
{% macro first_by_rank(value) -%}
    substr(
        min(
            lpad(cast(source_rank as {{ dbt.type_string() }}), 6, '0')
            || cast({{ value }} as {{ dbt.type_string() }})
        ),
        7
    )
{%- endmacro %}
