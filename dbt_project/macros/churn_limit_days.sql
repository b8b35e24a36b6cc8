{#-
    The longest silence that is not yet churn: so many typical gaps, but neither too
    short for a frequent buyer's holiday nor too long to matter.
-#}
{% macro churn_limit_days(gap_days) -%}
    least(
        policy.churn_days_maximum,
        greatest(policy.churn_days_minimum, policy.churn_gap_multiple * {{ gap_days }})
    )
{%- endmacro %}
