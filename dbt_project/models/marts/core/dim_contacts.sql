with contacts as (select * from {{ ref('stg_raw__contacts') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


final as (

    select
        contacts.source || '|' || contacts.contact_id as contact_key,
        contacts.source,
        contacts.contact_id,
        accounts.account_id,
        contacts.source || '|' || contacts.reports_to_id as reports_to_key,
        contacts.account_manager_id,
        contacts.contact_name,
        contacts.job_title,
        contacts.department,
        contacts.seniority,
        contacts.buying_role,
        contacts.decision_chain,
        contacts.email,
        contacts.phone,
        contacts.consent,
        contacts.claimed_level,
        coalesce(contacts.is_primary, false) as is_primary,
        coalesce(contacts.left_date <= {{ as_of_date() }}, false) as has_left,
        contacts.left_date,
        contacts.created_date,
        {{ as_of_date() }} as as_of_date
    from contacts
    left join accounts on contacts.account_id = accounts.account_id
    where contacts.is_latest

)

select * from final
