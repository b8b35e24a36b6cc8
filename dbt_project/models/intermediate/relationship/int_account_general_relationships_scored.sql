with components as (select * from {{ ref('int_general_components_listed') }}),

levels as (select * from {{ ref('policy_relationship_general_levels') }}),

policy as ({{ policy_values(['general_coverage_minimum']) }}),

-- what is not known takes its weight out of the sum, so that it is neither good nor bad
summed as (

    select
        account_id,
        sum(weight * cast(component_rate as numeric(18, 6)))
        / nullif(sum(case when component_rate is not null then weight end), 0) as index_rate,
        coalesce(sum(case when component_rate is not null then weight end), 0) / sum(weight)
            as coverage_rate,
        max(case when component_code = 'departments' then component_rate end)
            as departments_rate,
        is_current,
        snapshot_date
    from components
    group by
        account_id,
        is_current,
        snapshot_date

),

scored as (

    select
        summed.account_id,
        cast(case
            when summed.coverage_rate >= policy.general_coverage_minimum
                then round(100 * summed.index_rate, 2)
        end as numeric(9, 2)) as general_index,
        {{ round_rate('summed.coverage_rate') }} as general_coverage_rate,
        summed.departments_rate,
        summed.is_current,
        summed.snapshot_date
    from summed
    cross join policy

),

reached as (

    select
        scored.account_id,
        max(levels.index_from) as index_from,
        scored.snapshot_date
    from scored
    inner join levels
        on
            scored.general_index >= levels.index_from
            and (
                levels.department_coverage_from is null
                or scored.departments_rate >= levels.department_coverage_from
            )
    group by
        scored.account_id,
        scored.snapshot_date

),

final as (

    select
        scored.account_id,
        scored.general_index,
        scored.general_coverage_rate,
        levels.level_code as general_level_code,
        case when scored.general_index is null then 'too_little_known' end
            as general_unknown_reason,
        scored.is_current,
        scored.snapshot_date
    from scored
    left join reached
        on
            scored.account_id = reached.account_id
            and scored.snapshot_date = reached.snapshot_date
    left join levels on reached.index_from = levels.index_from

)

select * from final
