with group_scores as (select * from {{ ref('int_health_groups_scored') }}),

profiles as (select * from {{ ref('int_account_profiles_chosen') }}),

caps as (select * from {{ ref('int_health_caps_found') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

policy as ({{ policy_values(['health_coverage_minimum']) }}),

summed as (

    select
        account_id,
        sum(weight * group_index)
        / nullif(sum(case when group_index is not null then weight end), 0) as index_value,
        coalesce(sum(case when group_index is not null then weight end), 0)
        / nullif(sum(weight), 0) as coverage_rate,
        is_current,
        snapshot_date
    from group_scores
    group by
        account_id,
        is_current,
        snapshot_date

),

judged as (

    select
        summed.account_id,
        profiles.profile_code,
        {{ round_rate('summed.coverage_rate') }} as coverage_rate,
        cast(case
            when round(summed.coverage_rate, 6) >= policy.health_coverage_minimum
                then round(summed.index_value, 2)
        end as numeric(9, 2)) as uncapped_score,
        caps.cap_code,
        caps.score_maximum,
        summed.is_current,
        summed.snapshot_date
    from summed
    cross join policy
    left join profiles
        on
            summed.account_id = profiles.account_id
            and summed.snapshot_date = profiles.snapshot_date
    left join caps
        on
            summed.account_id = caps.account_id
            and summed.snapshot_date = caps.snapshot_date

),

-- a cap that is not below the score binds nothing
final as (

    select
        account_id,
        profile_code,
        coverage_rate,
        uncapped_score,
        cast(
            case
                when uncapped_score is not null
                    then least(uncapped_score, coalesce(score_maximum, 100))
            end as numeric(9, 2)
        ) as health_score,
        case when score_maximum < uncapped_score then cap_code end as cap_code,
        case
            when uncapped_score is not null then null
            when profile_code is null then 'not_yet_customer'
            else 'too_little_known'
        end as unknown_reason,
        is_current,
        snapshot_date
    from judged

)

{{ final_and_carried('months') }}
