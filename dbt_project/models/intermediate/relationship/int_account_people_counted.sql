with contacts as (select * from {{ ref('int_relationship_contacts_dated') }}),

final as (

    select
        account_id,
        count(*) as contacts_on_record_count,
        count(case when not has_left then 1 end) as contacts_known_count,
        count(case when is_active then 1 end) as contacts_active_count,
        count(case when is_active_in_department then 1 end) as contacts_in_department_window_count,
        count(case when is_active_in_department then department_code end)
            as contacts_placed_count,
        snapshot_date
    from contacts
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
