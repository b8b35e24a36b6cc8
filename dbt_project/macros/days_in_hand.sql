{#-
    A query of the days for which something is measured: as_of_date, which is_current, and
    so many month ends before it as a parameter of the policy says.
-#}
{% macro days_in_hand(months_count) -%}
with policy as ({{ policy_values([months_count]) }}),

month_ends as (

    {{ month_ends_before(as_of_date(), 120) }}

),

final as (

    select
        false as is_current,
        month_ends.month_end as snapshot_date
    from month_ends
    cross join policy
    where month_ends.months_back <= policy.{{ months_count }}

    union all

    select
        true as is_current,
        {{ as_of_date() }} as snapshot_date

)

select * from final
{%- endmacro %}
