{#- How an account buys, by what it has ever had: contracts that run, orders, both, neither. -#}
{% macro contract_mode(has_contract, has_order) -%}
    case
            when {{ has_contract }} and {{ has_order }} then 'mixed'
            when {{ has_contract }} then 'contractual'
            when {{ has_order }} then 'non_contractual'
            else 'none'
        end
{%- endmacro %}
