with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

roles as (select * from {{ ref('policy_buying_roles') }}),

deciding as (

    select distinct relationship_role
    from roles
    where is_decision_maker

),

final as (

    select
        contacts.account_id,
        count(case when contacts.published_level < 0 then 1 end)
            as opposing_decision_makers_count,
        contacts.snapshot_date
    from contacts
    inner join deciding on contacts.role_code = deciding.relationship_role
    where
        contacts.account_id is not null
        and not contacts.has_left
        and contacts.published_level is not null
    group by
        contacts.account_id,
        contacts.snapshot_date

)

select * from final
