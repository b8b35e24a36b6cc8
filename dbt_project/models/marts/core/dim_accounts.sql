with accounts as (select * from {{ ref('int_accounts_measured') }}),

account_keys as (select * from {{ ref('stg_ops__account_keys') }}),

account_versions as (select * from {{ ref('stg_raw__accounts') }}),

-- A key is some record's own: where the record is now, the former account is.
own_keys as (

    select distinct
        source,
        source_account_id,
        account_id
    from account_keys
    where account_id in (source_account_id, source || '|' || source_account_id)

),

merged as (

    select
        own_keys.account_id,
        min(account_versions.account_name) as account_name,
        min(account_keys.account_id) as merged_into_account_id,
        min(account_keys.since_date) as merged_date
    from own_keys
    inner join account_keys
        on
            own_keys.source = account_keys.source
            and own_keys.source_account_id = account_keys.source_account_id
            and own_keys.account_id <> account_keys.account_id
            and account_keys.is_latest
    left join account_versions
        on
            own_keys.source = account_versions.source
            and own_keys.source_account_id = account_versions.source_account_id
            and account_versions.is_latest
    group by own_keys.account_id

),

final as (

    select
        account_id,
        account_name,
        industry,
        size_band,
        region,
        country,
        account_manager_id,
        parent_account_id,
        group_account_id,
        contract_mode,
        cast(null as {{ type_text() }}) as merged_into_account_id,
        is_internal,
        is_customer,
        first_order_date,
        last_order_date,
        first_contract_date,
        cast(null as date) as merged_date,
        order_days_count,
        net_revenue_amount,
        group_accounts_count,
        group_net_revenue_amount,
        as_of_date
    from accounts
    union all
    select
        merged.account_id,
        merged.account_name,
        null as industry,
        null as size_band,
        null as region,
        null as country,
        null as account_manager_id,
        null as parent_account_id,
        accounts.group_account_id,
        'none' as contract_mode,
        merged.merged_into_account_id,
        accounts.is_internal,
        false as is_customer,
        null as first_order_date,
        null as last_order_date,
        null as first_contract_date,
        merged.merged_date,
        0 as order_days_count,
        cast(0 as numeric(18, 4)) as net_revenue_amount,
        accounts.group_accounts_count,
        accounts.group_net_revenue_amount,
        accounts.as_of_date
    from merged
    inner join accounts on merged.merged_into_account_id = accounts.account_id
)

select * from final
