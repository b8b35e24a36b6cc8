with account_managers as (select * from {{ ref('stg_raw__account_managers') }}),

sources as (select * from {{ ref('stg_ops__sources') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

policy as ({{ policy_values(['list_capacity']) }}),

ranked as (

    select
        account_managers.*,
        coalesce(sources.source_rank, 999999) as source_rank
    from account_managers
    left join sources
        on account_managers.source = sources.source
    where account_managers.is_latest

),

merged as (

    select
        account_manager_id,
        {{ first_by_rank('account_manager_name') }} as account_manager_name,
        {{ first_by_rank('email') }} as email,
        {{ first_by_rank('language') }} as language,
        {{ first_by_rank('list_capacity') }} as list_capacity,
        {{ first_by_rank('is_active') }} as is_active,
        {{ first_by_rank('role') }} as role,
        {{ first_by_rank('team') }} as team,
        {{ first_by_rank('reports_to_id') }} as reports_to_id,
        {{ first_by_rank('stands_in_id') }} as stands_in_id
    from ranked
    group by account_manager_id

),

account_counts as (

    select
        account_manager_id,
        count(*) as accounts_count
    from accounts
    where not is_internal
    group by account_manager_id

),

final as (

    select
        merged.account_manager_id,
        merged.account_manager_name,
        merged.email,
        merged.language,
        coalesce(cast(merged.is_active as boolean), true) as is_active,
        cast(coalesce(cast(merged.list_capacity as int), policy.list_capacity) as int)
            as list_capacity,
        coalesce(account_counts.accounts_count, 0) as accounts_count,
        coalesce(merged.role, 'account_manager') as role,
        merged.team,
        merged.reports_to_id,
        merged.stands_in_id,
        {{ as_of_date() }} as as_of_date
    from merged
    cross join policy
    left join account_counts
        on merged.account_manager_id = account_counts.account_manager_id

)

select * from final
