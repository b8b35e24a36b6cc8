{#-
    The windows of the simple formula of lifetime value (decision 0024), as columns of a
    query that groups days with age_days, net_revenue_amount and order_days_count.
-#}
{% macro clv_window_sums() -%}
    sum(case when age_days < clv_window_days then net_revenue_amount else 0 end)
        as clv_window_amount,
    sum(case when age_days < clv_window_days then order_days_count else 0 end)
        as clv_window_days_count,
    sum(
        case
            when age_days >= clv_window_days and age_days < 2 * clv_window_days
                then order_days_count
            else 0
        end
    ) as clv_before_days_count
{%- endmacro %}
