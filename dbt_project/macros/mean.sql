{#-
    The mean of a measure, by weight if one is given. Summed as decimals: a sum of doubles
    depends on the order of its rows, and the same day must give the same figure.
-#}
{% macro mean(measure, weight=none) -%}
{%- set decimal = 'cast(' ~ measure ~ ' as numeric)' -%}
    cast(
            {%- if weight %}
            sum({{ weight }} * {{ decimal }})
            / nullif(sum(case when {{ measure }} is not null then {{ weight }} end), 0)
            {%- else %}
            avg({{ decimal }})
            {%- endif %}
            as {{ type_double() }}
        )
{%- endmacro %}
