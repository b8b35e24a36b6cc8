with accounts as (select * from {{ ref('int_accounts_merged') }}),

account_managers as (select * from {{ ref('stg_raw__account_managers') }}),

account_groups as (select * from {{ ref('int_account_groups_walked') }}),

account_days as (select * from {{ ref('int_account_days_known') }}),

contracts as (select * from {{ ref('int_contracts_dated') }}),

known_managers as (

    select distinct account_manager_id
    from account_managers
    where is_latest

),

totals as (

    select
        account_id,
        sum(case when is_order_day then 1 else 0 end) as order_days_count,
        sum(net_revenue_amount) as net_revenue_amount,
        min(case when is_order_day then order_date end) as first_order_date,
        max(case when is_order_day then order_date end) as last_order_date
    from account_days
    where is_latest
    group by account_id

),

first_contracts as (

    select
        account_id,
        min(start_date) as first_contract_date
    from contracts
    where start_date <= {{ as_of_date() }}
    group by account_id

),

final as (

    select
        accounts.account_id,
        accounts.account_name,
        accounts.industry,
        accounts.size_band,
        accounts.region,
        accounts.country,
        -- an unknown manager is none, so that the account falls to the company's
        -- fallback manager
        known_managers.account_manager_id,
        account_groups.parent_account_id,
        account_groups.group_account_id,
        {{ contract_mode(
            'first_contracts.account_id is not null',
            'coalesce(totals.order_days_count > 0, false)',
        ) }} as contract_mode,
        accounts.is_internal,
        coalesce(totals.order_days_count > 0, false) as is_customer,
        totals.first_order_date,
        totals.last_order_date,
        first_contracts.first_contract_date,
        coalesce(totals.order_days_count, 0) as order_days_count,
        cast(coalesce(totals.net_revenue_amount, 0) as numeric(18, 4))
            as net_revenue_amount,
        count(*) over (
            partition by account_groups.group_account_id
        ) as group_accounts_count,
        cast(sum(coalesce(totals.net_revenue_amount, 0)) over (
            partition by account_groups.group_account_id
        ) as numeric(18, 4)) as group_net_revenue_amount,
        {{ as_of_date() }} as as_of_date
    from accounts
    inner join account_groups
        on accounts.account_id = account_groups.account_id
    left join known_managers
        on accounts.account_manager_id = known_managers.account_manager_id
    left join totals
        on accounts.account_id = totals.account_id
    left join first_contracts
        on accounts.account_id = first_contracts.account_id
    where accounts.is_latest

)

select * from final
