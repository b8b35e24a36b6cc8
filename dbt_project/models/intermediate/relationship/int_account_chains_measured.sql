with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

levels as (select * from {{ ref('policy_relationship_levels') }}),

roles as (select * from {{ ref('policy_relationship_roles') }}),

policy as (
    {{ policy_values([
        'relationship_covered_level', 'relationship_supported_level',
        'relationship_champion_level',
    ]) }}
),

-- what a champion was before falling silent, so that its silence is told
standing as (

    select
        contacts.*,
        levels.level_value,
        roles.is_economic_buyer,
        contacts.chain_weight > 0 as is_in_chain,
        contacts.published_level >= policy.relationship_covered_level as is_covered,
        contacts.published_level >= policy.relationship_supported_level as is_supported,
        least(contacts.earned_level, contacts.claimed_level)
        >= policy.relationship_champion_level as is_champion
    from contacts
    cross join policy
    inner join roles on contacts.role_code = roles.role_code
    left join levels on contacts.published_level = levels.level
    where contacts.account_id is not null

),

final as (

    select
        account_id,
        count(case when not has_left then 1 end) as contacts_known_count,
        sum(case when not has_left then chain_weight else 0 end) as weight,
        sum(case when not has_left then chain_weight * level_value else 0 end)
            as weighted_value,
        count(case when not has_left and is_in_chain then 1 end) as chain_count,
        count(case when not has_left and is_in_chain and is_covered then 1 end)
            as covered_count,
        count(case when not has_left and is_in_chain and is_supported then 1 end)
            as supported_count,
        count(case when not has_left and is_covered then 1 end) as threads_count,
        count(case when not has_left and published_level < 0 then 1 end) as opposers_count,
        count(case when not has_left and is_champion then 1 end) as champions_count,
        min(case when not has_left and is_champion then silent_days end)
            as champion_silent_days,
        count(case when not has_left and is_over_claimed then 1 end) as over_claims_count,
        min(case when not has_left and is_economic_buyer then published_level end)
            as economic_buyer_level,
        snapshot_date
    from standing
    group by
        account_id,
        snapshot_date

)

select * from final
