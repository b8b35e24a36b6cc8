{#-
    The columns of both arms of a programme: how many are over, the means before and after,
    and what their comparison needs. The rows have is_over, is_treated, value_before and
    value_after.
-#}
{% macro arm_values() -%}
    {%- for arm, which in {'treated': 'is_treated', 'holdout': 'not is_treated'}.items() %}
        {%- set own = 'case when is_over and ' ~ which ~ ' then ' %}
        count({{ own }}1 end) as {{ arm }}_count,
        cast(avg({{ own }}value_before end) as numeric(30, 10)) as {{ arm }}_before_value,
        cast(avg({{ own }}value_after end) as numeric(30, 10)) as {{ arm }}_after_value,
        cast(sum({{ own }}value_after end) as numeric(30, 10)) as {{ arm }}_after_total,
        cast(var_samp({{ own }}value_after - value_before end) as numeric(30, 10))
            as {{ arm }}_change_variance
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
