{#-
    The class of a customer by the share of all revenue that is strictly above its own, so
    that the one that crosses a limit stays in the better class; N without sales, C when
    they come to nothing. Both arguments name what the select has.
-#}
{% macro abc_class(placed, limits) -%}
    case
            when not {{ placed }}.has_sales then 'N'
            when {{ placed }}.net_revenue_365d_amount <= 0 then 'C'
            when {{ placed }}.share_before_rate < {{ limits }}.a_limit then 'A'
            when {{ placed }}.share_before_rate < {{ limits }}.b_limit then 'B'
            else 'C'
        end
{%- endmacro %}
