with versions as (select * from {{ ref('int_accounts_merged') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

account_groups as (select * from {{ ref('int_relationship_groups_walked') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

final as (

    select
        accounts.account_id,
        coalesce(account_groups.group_account_id, accounts.account_id) as group_account_id,
        versions.industry,
        versions.size_band,
        days.is_current,
        days.snapshot_date
    from accounts
    inner join versions on accounts.account_id = versions.account_id
    inner join days
        on
            versions.first_known_date <= days.snapshot_date
            and {{ is_account_in_force('versions', 'days.snapshot_date') }}
    left join account_groups
        on
            accounts.account_id = account_groups.account_id
            and days.snapshot_date = account_groups.snapshot_date
    where not accounts.is_internal

)

select * from final
