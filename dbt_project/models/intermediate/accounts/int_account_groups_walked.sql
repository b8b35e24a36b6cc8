with recursive accounts as (

    select
        account_id,
        parent_account_id
    from {{ ref('int_accounts_merged') }}
    where is_latest

),

parents as (

    select
        accounts.account_id,
        parent_accounts.account_id as parent_account_id
    from accounts
    inner join accounts as parent_accounts
        on accounts.parent_account_id = parent_accounts.account_id
    where accounts.account_id <> parent_accounts.account_id

),

-- Ends in a circle too: a pair that has been found is not found again.
walked as (

    select
        account_id,
        parent_account_id as ancestor_id
    from parents
    union
    select
        walked.account_id,
        parents.parent_account_id as ancestor_id
    from walked
    inner join parents
        on walked.ancestor_id = parents.account_id

),

circles as (

    select account_id
    from walked
    where account_id = ancestor_id

),

-- Who has no parent is the head; of companies that are each other's parents the first
-- by id is, for somebody has to be.
heads as (

    select
        walked.account_id,
        coalesce(
            min(case when parents.account_id is null then walked.ancestor_id end),
            min(case when circles.account_id is not null then walked.ancestor_id end)
        ) as group_account_id
    from walked
    left join parents
        on walked.ancestor_id = parents.account_id
    left join circles
        on walked.ancestor_id = circles.account_id
    group by walked.account_id

),

final as (

    select
        accounts.account_id,
        parents.parent_account_id,
        coalesce(heads.group_account_id, accounts.account_id) as group_account_id
    from accounts
    left join parents
        on accounts.account_id = parents.account_id
    left join heads
        on accounts.account_id = heads.account_id

)

select * from final
