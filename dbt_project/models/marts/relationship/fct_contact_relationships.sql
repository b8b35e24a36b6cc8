with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

levels as (select * from {{ ref('policy_relationship_levels') }}),

roles as (select * from {{ ref('policy_relationship_roles') }}),

inputs as (select * from {{ ref('int_relationship_inputs_checked') }}),

final as (

    select
        contacts.contact_key,
        accounts.account_id,
        contacts.role_code,
        roles.name_en as role_name_en,
        roles.name_zh as role_name_zh,
        contacts.decision_chain,
        contacts.published_level,
        levels.name_en as level_name_en,
        levels.name_zh as level_name_zh,
        levels.chain_level,
        contacts.computed_level,
        contacts.earned_level,
        contacts.claimed_level,
        {{ unknown_reason('contacts.published_level', 'inputs.has_interactions', 'no_source') }}
            as level_unknown_reason,
        cast(contacts.chain_weight as numeric(18, 4)) as chain_weight,
        contacts.missed_cadences_count,
        contacts.cadence_days,
        contacts.silent_days,
        contacts.is_coach,
        contacts.is_over_claimed,
        contacts.is_overdue,
        contacts.has_left,
        contacts.last_two_way_date,
        contacts.left_date,
        contacts.counted_date,
        {{ as_of_date() }} as as_of_date
    from contacts
    inner join roles on contacts.role_code = roles.role_code
    inner join inputs on contacts.snapshot_date = inputs.snapshot_date
    left join accounts on contacts.account_id = accounts.account_id
    left join levels on contacts.published_level = levels.level
    where contacts.is_current

)

select * from final
