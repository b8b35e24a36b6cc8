with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

contacts as (select * from {{ ref('int_relationship_contacts_dated') }}),

target_departments as (select * from {{ ref('policy_target_departments') }}),

-- an industry without a list of its own has the list of all others
targets as (

    select
        accounts.account_id,
        target_departments.department_code,
        accounts.snapshot_date
    from accounts
    inner join target_departments
        on
            target_departments.industry = case
                when accounts.industry in (select listed.industry from target_departments as listed)
                    then accounts.industry
                else '*'
            end

),

final as (

    select
        targets.account_id,
        count(distinct targets.department_code) as departments_target_count,
        count(
            distinct case when contacts.is_active_in_department then targets.department_code end
        ) as departments_covered_count,
        targets.snapshot_date
    from targets
    left join contacts
        on
            targets.account_id = contacts.account_id
            and targets.department_code = contacts.department_code
            and targets.snapshot_date = contacts.snapshot_date
    group by
        targets.account_id,
        targets.snapshot_date

)

select * from final
