{%- set by_account = 'partition by account_id order by changed_date' -%}
{%- set attributes = [
    'account_name', 'industry', 'size_band', 'region', 'country', 'account_manager_id',
] -%}
{#- What is kept, as one text: two spans with the same text are one. -#}
{%- set everything -%}
    concat_ws('|', is_internal, contract_mode
    {%- for attribute in attributes %}, coalesce({{ attribute }}, ''){% endfor %})
{%- endset -%}

with account_versions as (select * from {{ ref('int_accounts_merged') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

account_managers as (select * from {{ ref('dim_account_managers') }}),

-- Attributes change when a change of them becomes known, the mode on the day itself.
changes as (

    select
        account_id,
        in_force_from_date as changed_date
    from account_versions
    union
    select
        account_id,
        first_order_date as changed_date
    from accounts
    where first_order_date is not null
    union
    select
        account_id,
        first_contract_date as changed_date
    from accounts
    where first_contract_date is not null

),

stated as (

    select
        changes.account_id,
        changes.changed_date,
        account_versions.account_name,
        account_versions.industry,
        account_versions.size_band,
        account_versions.region,
        account_versions.country,
        account_managers.account_manager_id,
        account_versions.is_internal,
        {{ contract_mode(
            'coalesce(accounts.first_contract_date <= changes.changed_date, false)',
            'coalesce(accounts.first_order_date <= changes.changed_date, false)',
        ) }} as contract_mode
    from changes
    inner join accounts on changes.account_id = accounts.account_id
    inner join account_versions
        on
            changes.account_id = account_versions.account_id
            and {{ is_account_in_force('account_versions', 'changes.changed_date') }}
    left join account_managers
        on account_versions.account_manager_id = account_managers.account_manager_id

),

-- a change of something that is not kept here is none
changed as (

    select
        *,
        {{ everything }} = lag({{ everything }}) over ({{ by_account }}) as is_repeat
    from stated

),

final as (

    select
        account_id || '|' || changed_date as account_history_key,
        account_id,
        account_name,
        industry,
        size_band,
        region,
        country,
        account_manager_id,
        contract_mode,
        is_internal,
        lead(changed_date) over ({{ by_account }}) is null as is_current,
        changed_date as valid_from_date,
        lead({{ add_days('changed_date', -1) }}) over ({{ by_account }}) as valid_to_date,
        {{ as_of_date() }} as as_of_date
    from changed
    where not coalesce(is_repeat, false)
)

select * from final
