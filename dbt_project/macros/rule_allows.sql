{#-
    Whether a rule of a segment lets a value in: an empty rule lets everything in, any
    other the values it names, joined by bars. What nobody knows is let in by an empty
    rule alone.
-#}
{% macro rule_allows(rule, value) -%}
    (
            {{ rule }} is null
            or coalesce(
                position('|' || {{ value }} || '|' in '|' || {{ rule }} || '|') > 0,
                false
            )
        )
{%- endmacro %}
