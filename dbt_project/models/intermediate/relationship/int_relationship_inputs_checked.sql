with days as (select * from {{ ref('int_relationship_days_listed') }}),

contacts as (select * from {{ ref('stg_raw__contacts') }}),

interactions as (select * from {{ ref('stg_raw__interactions') }}),

first_contacts as (

    select min(known_date) as first_known_date
    from contacts

),

first_interactions as (

    select min(known_date) as first_known_date
    from interactions

),

final as (

    select
        days.is_current,
        coalesce(first_contacts.first_known_date <= days.snapshot_date, false)
            as has_contacts,
        coalesce(first_interactions.first_known_date <= days.snapshot_date, false)
            as has_interactions,
        days.snapshot_date
    from days
    cross join first_contacts
    cross join first_interactions

)

select * from final
