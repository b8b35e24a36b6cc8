with policy as ({{ policy_values(['relationship_months_count']) }}),

month_ends as (

    {{ month_ends_before(as_of_date(), 120) }}

),

final as (

    select
        false as is_current,
        month_ends.month_end as snapshot_date
    from month_ends
    cross join policy
    where month_ends.months_back <= policy.relationship_months_count

    union all

    select
        true as is_current,
        {{ as_of_date() }} as snapshot_date

)

select * from final
