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
        {{ first_by_rank('stands_in_id') }} as stands_in_id,
        cast({{ first_by_rank('absent_from') }} as date) as absent_from,
        cast({{ first_by_rank('absent_until') }} as date) as absent_until
    from ranked
    group by account_manager_id

),

-- A list is read on the morning after the day it answers for.
present as (

    select
        *,
        coalesce(cast(is_active as boolean), true) as is_here,
        coalesce(
            (absent_from is not null or absent_until is not null)
            and coalesce(absent_from <= {{ as_of_date() }} + 1, true)
            and coalesce(absent_until > {{ as_of_date() }}, true),
            false
        ) as is_absent
    from merged

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
        present.account_manager_id,
        present.account_manager_name,
        present.email,
        present.language,
        present.is_here as is_active,
        cast(coalesce(cast(present.list_capacity as int), policy.list_capacity) as int)
            as list_capacity,
        coalesce(account_counts.accounts_count, 0) as accounts_count,
        coalesce(present.role, 'account_manager') as role,
        present.team,
        present.reports_to_id,
        present.stands_in_id,
        present.absent_from,
        present.absent_until,
        case when present.is_here and present.is_absent then stand_ins.account_manager_id end
            as covered_by_id,
        {{ as_of_date() }} as as_of_date
    from present
    cross join policy
    left join account_counts
        on present.account_manager_id = account_counts.account_manager_id
    left join present as stand_ins
        on
            present.stands_in_id = stand_ins.account_manager_id
            and stand_ins.is_here
            and not stand_ins.is_absent

)

select * from final
