{#-
    The standard error of the difference of two shares that are one and the same, from the
    share of both together; null when one of the two has no cases.
-#}
{% macro pooled_error(pooled, cases, other_cases) -%}
    sqrt({{ pooled }} * (1 - {{ pooled }})
            * (1.0 / nullif({{ cases }}, 0) + 1.0 / nullif({{ other_cases }}, 0)))
{%- endmacro %}
