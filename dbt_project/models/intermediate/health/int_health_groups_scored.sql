with measures as (select * from {{ ref('int_health_measures_listed') }}),

profiles as (select * from {{ ref('int_account_profiles_chosen') }}),

weights as (select * from {{ ref('policy_health_weights') }}),

-- what is not known takes its weight out; the reason of the first measure stands for the group
summed as (

    select
        account_id,
        group_code,
        cast(round(
            sum(weight * points)
            / nullif(sum(case when points is not null then weight end), 0),
            2
        ) as numeric(9, 2)) as group_index,
        min(case when points is null then position end) as first_unknown_position,
        is_current,
        snapshot_date
    from measures
    group by
        account_id,
        group_code,
        is_current,
        snapshot_date

),

final as (

    select
        summed.account_id,
        summed.group_code,
        summed.group_index,
        case when summed.group_index is null then measures.unknown_reason end
            as unknown_reason,
        cast(coalesce(weights.weight, 0) as numeric(12, 4)) as weight,
        summed.is_current,
        summed.snapshot_date
    from summed
    left join profiles
        on
            summed.account_id = profiles.account_id
            and summed.snapshot_date = profiles.snapshot_date
    left join weights
        on
            profiles.profile_code = weights.profile_code
            and summed.group_code = weights.group_code
    left join measures
        on
            summed.account_id = measures.account_id
            and summed.snapshot_date = measures.snapshot_date
            and summed.group_code = measures.group_code
            and summed.first_unknown_position = measures.position

)

select * from final
