with contacts as (select * from {{ ref('stg_raw__contacts') }}),

interactions as (select * from {{ ref('int_relationship_interactions_judged') }}),

recognised as (select * from {{ ref('int_department_texts_recognised') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

policy as ({{ component_policy('window_days', ['departments', 'breadth']) }}),

answers as (

    select
        interactions.contact_key,
        {{ days_between('max(interactions.happened_date)', 'days.snapshot_date') }} as age_days,
        days.snapshot_date
    from interactions
    inner join days
        on
            interactions.happened_date <= days.snapshot_date
            and interactions.happened_date > {{ add_days('days.snapshot_date', -365) }}
            and {{ is_in_force('interactions', 'days.snapshot_date') }}
    where interactions.is_two_way and interactions.contact_key is not null
    group by
        interactions.contact_key,
        days.snapshot_date

),

dated as (

    select
        contacts.source || '|' || contacts.contact_id as contact_key,
        contacts.account_id,
        contacts.department,
        contacts.job_title,
        coalesce(contacts.left_date <= days.snapshot_date, false) as has_left,
        days.snapshot_date
    from contacts
    inner join days on {{ is_in_force('contacts', 'days.snapshot_date') }}

),

final as (

    select
        dated.contact_key,
        dated.account_id,
        coalesce(by_department.department_code, by_title.department_code) as department_code,
        dated.has_left,
        not dated.has_left and coalesce(answers.age_days < policy.breadth_window_days, false)
            as is_active,
        not dated.has_left and coalesce(answers.age_days < policy.departments_window_days, false)
            as is_active_in_department,
        dated.snapshot_date
    from dated
    cross join policy
    left join recognised as by_department
        on dated.department = by_department.department_text
    left join recognised as by_title on dated.job_title = by_title.department_text
    left join answers
        on
            dated.contact_key = answers.contact_key
            and dated.snapshot_date = answers.snapshot_date

)

select * from final
