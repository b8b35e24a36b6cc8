{#- The business day of the live night that is carried from; only where there is one. -#}
{% macro carried_as_of_date() -%}
    cast('{{ var("carried_as_of_date") }}' as date)
{%- endmacro %}
