with bought as (select * from {{ ref('int_account_products_bought') }}),

accounts as (select * from {{ ref('int_accounts_merged') }}),

policy as ({{ policy_values(['peer_group_accounts_minimum']) }}),

customers as (

    select distinct
        account_id,
        snapshot_date
    from bought
    where net_amount > 0

),

grouped as (

    select
        customers.account_id,
        accounts.industry || '|' || accounts.size_band as attributes,
        count(*) over (
            partition by
                customers.snapshot_date,
                accounts.industry || '|' || accounts.size_band
        ) as group_count,
        count(*) over (partition by customers.snapshot_date) as customers_count,
        customers.snapshot_date
    from customers
    inner join accounts
        on
            customers.account_id = accounts.account_id
            and {{ is_account_in_force('accounts', 'customers.snapshot_date') }}

),

scoped as (

    select
        grouped.*,
        grouped.attributes is not null
        and grouped.group_count >= policy.peer_group_accounts_minimum as has_group
    from grouped
    cross join policy

),

final as (

    select
        account_id,
        case when has_group then 'industry_size' else 'all' end as peer_scope,
        case when has_group then 'industry_size|' || attributes else 'all' end as peer_group,
        case when has_group then group_count else customers_count end as peers_count,
        snapshot_date
    from scoped

)

select * from final
