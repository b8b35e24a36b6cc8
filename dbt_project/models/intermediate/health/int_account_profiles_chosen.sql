with facts as (select * from {{ ref('int_health_facts_joined') }}),

profiles as (select * from {{ ref('policy_health_profiles') }}),

-- who has neither ordered nor signed is no customer yet
fitting as (

    select
        facts.account_id,
        profiles.profile_code,
        row_number() over (
            partition by facts.account_id, facts.snapshot_date
            order by profiles.position asc
        ) as place,
        facts.snapshot_date
    from facts
    inner join profiles
        on
            profiles.contract_mode in ('*', facts.contract_mode)
            and profiles.size_band in ('*', coalesce(facts.size_band, ''))
            and (
                profiles.tenure_days_below is null
                or facts.tenure_days < profiles.tenure_days_below
            )
    where facts.tenure_days is not null

),

final as (

    select
        account_id,
        profile_code,
        snapshot_date
    from fitting
    where place = 1

)

select * from final
