with days as (select * from {{ ref('int_relationship_inputs_checked') }}),

contacts as (select * from {{ ref('stg_raw__contacts') }}),

buying_roles as (select * from {{ ref('policy_buying_roles') }}),

roles as (select * from {{ ref('policy_relationship_roles') }}),

chains as (select * from {{ ref('policy_relationship_chains') }}),

-- who has left is looked at as of the day of leaving
final as (

    select
        contacts.source || '|' || contacts.contact_id as contact_key,
        contacts.account_id,
        roles.role_code,
        chains.decision_chain,
        contacts.claimed_level,
        roles.cadence_days,
        roles.role_weight * chains.chain_weight as chain_weight,
        days.is_current,
        days.has_interactions,
        coalesce(contacts.left_date <= days.snapshot_date, false) as has_left,
        contacts.left_date,
        least(days.snapshot_date, coalesce(contacts.left_date, days.snapshot_date))
            as counted_date,
        days.snapshot_date
    from contacts
    inner join days on {{ is_in_force('contacts', 'days.snapshot_date') }}
    inner join buying_roles
        on coalesce(contacts.buying_role, 'unknown') = buying_roles.buying_role
    inner join roles on buying_roles.relationship_role = roles.role_code
    inner join chains
        on coalesce(contacts.decision_chain, 'unknown') = chains.decision_chain

)

select * from final
