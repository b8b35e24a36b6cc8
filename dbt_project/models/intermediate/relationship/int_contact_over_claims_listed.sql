with contacts as (select * from {{ ref('int_contact_levels_decided') }}),

months as (select * from {{ ref('int_relationship_months_held') }}),

final as (

    select
        contacts.contact_key,
        contacts.account_id,
        months.is_current,
        months.snapshot_date
    from contacts
    inner join months on contacts.snapshot_date = months.snapshot_date
    where
        contacts.is_over_claimed
        and not contacts.has_left
        and not months.is_carried

)

{{ final_and_carried('months') }}
