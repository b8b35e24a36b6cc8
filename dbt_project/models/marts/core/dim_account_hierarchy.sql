with recursive accounts as (

    select
        account_id,
        parent_account_id,
        group_account_id
    from {{ ref('int_accounts_measured') }}

),

-- A way up ends where it would come back to an account that it has passed.
walked as (

    select
        account_id,
        account_id as ancestor_account_id,
        0 as depth,
        '|' || account_id || '|' as passed
    from accounts
    union all
    select
        walked.account_id,
        accounts.parent_account_id as ancestor_account_id,
        walked.depth + 1 as depth,
        walked.passed || accounts.parent_account_id || '|' as passed
    from walked
    inner join accounts on walked.ancestor_account_id = accounts.account_id
    where position('|' || accounts.parent_account_id || '|' in walked.passed) = 0

),

final as (

    select
        walked.account_id || '|' || walked.ancestor_account_id as account_hierarchy_key,
        walked.account_id,
        walked.ancestor_account_id,
        walked.depth,
        walked.ancestor_account_id = accounts.group_account_id as is_head,
        not bool_or(ancestors.parent_account_id is null) over (
            partition by walked.account_id
        ) as is_circular,
        {{ as_of_date() }} as as_of_date
    from walked
    inner join accounts on walked.account_id = accounts.account_id
    inner join accounts as ancestors on walked.ancestor_account_id = ancestors.account_id

)

select * from final
