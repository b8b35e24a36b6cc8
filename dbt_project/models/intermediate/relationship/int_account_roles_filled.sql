with days as (select * from {{ ref('int_relationship_days_listed') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

roles as (select * from {{ ref('policy_relationship_roles') }}),

contacts as (select * from {{ ref('int_contact_days_listed') }}),

filled as (

    select distinct
        account_id,
        role_code,
        snapshot_date
    from contacts
    where not has_left

),

-- a part that somebody must play counts as one person of value 0 while nobody is known
final as (

    select
        accounts.account_id,
        sum(case when filled.role_code is null then 1 else 0 end) as unfilled_roles_count,
        sum(case when filled.role_code is null then roles.role_weight else 0 end)
            as unfilled_weight,
        count(*) as mandatory_roles_count,
        days.is_current,
        days.snapshot_date
    from accounts
    inner join days on accounts.first_known_date <= days.snapshot_date
    cross join roles
    left join filled
        on
            accounts.account_id = filled.account_id
            and days.snapshot_date = filled.snapshot_date
            and roles.role_code = filled.role_code
    where accounts.is_latest and not accounts.is_internal and roles.is_mandatory
    group by
        accounts.account_id,
        days.is_current,
        days.snapshot_date

)

select * from final
