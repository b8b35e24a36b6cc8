{#- As int_account_groups_walked, but by the parents that were known on each day. -#}
with recursive accounts as (

    select * from {{ ref('int_accounts_merged') }}

),

days as (select * from {{ ref('int_relationship_days_listed') }}),

parents as (

    select
        accounts.account_id,
        accounts.parent_account_id,
        days.snapshot_date
    from accounts
    inner join days on {{ is_account_in_force('accounts', 'days.snapshot_date') }}
    inner join accounts as parent_accounts
        on
            accounts.parent_account_id = parent_accounts.account_id
            and parent_accounts.is_latest
            and days.snapshot_date >= parent_accounts.first_known_date
    where accounts.account_id <> accounts.parent_account_id

),

-- ends in a circle too: a pair that has been found is not found again
walked as (

    select
        account_id,
        parent_account_id as ancestor_id,
        snapshot_date
    from parents
    union
    select
        walked.account_id,
        parents.parent_account_id as ancestor_id,
        walked.snapshot_date
    from walked
    inner join parents
        on
            walked.ancestor_id = parents.account_id
            and walked.snapshot_date = parents.snapshot_date

),

circles as (

    select
        account_id,
        snapshot_date
    from walked
    where account_id = ancestor_id

),

final as (

    select
        walked.account_id,
        coalesce(
            min(case when parents.account_id is null then walked.ancestor_id end),
            min(case when circles.account_id is not null then walked.ancestor_id end)
        ) as group_account_id,
        walked.snapshot_date
    from walked
    left join parents
        on
            walked.ancestor_id = parents.account_id
            and walked.snapshot_date = parents.snapshot_date
    left join circles
        on
            walked.ancestor_id = circles.account_id
            and walked.snapshot_date = circles.snapshot_date
    group by
        walked.account_id,
        walked.snapshot_date

)

select * from final
