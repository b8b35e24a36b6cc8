{#- Why a value is null: no source delivers what it is made of, or the reason given. Null when it is known. -#}
{% macro unknown_reason(value, has_input, reason) -%}
    case
            when {{ value }} is not null then null
            when not {{ has_input }} then 'no_source'
            else '{{ reason }}'
        end
{%- endmacro %}
