with versions as (select * from {{ ref('int_accounts_merged') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

final as (

    select
        accounts.account_id,
        accounts.group_account_id,
        versions.industry,
        versions.size_band,
        days.is_current,
        days.snapshot_date
    from accounts
    inner join versions on accounts.account_id = versions.account_id
    inner join days
        on
            versions.first_seen_date <= days.snapshot_date
            and {{ is_account_in_force('versions', 'days.snapshot_date') }}
    where not accounts.is_internal

)

select * from final
