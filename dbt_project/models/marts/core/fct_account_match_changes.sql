with account_keys as (select * from {{ ref('stg_ops__account_keys') }}),

compared as (

    select
        account_keys.*,
        lag(account_keys.account_id) over (
            partition by account_keys.source, account_keys.source_account_id
            order by account_keys.decided_date
        ) as previous_account_id
    from account_keys

),

-- A record that stands alone has its own number for a key, or its source's name and
-- its number.
changed as (

    select
        compared.*,
        compared.account_id in (
            compared.source_account_id,
            compared.source || '|' || compared.source_account_id
        ) as is_own_key,
        compared.previous_account_id in (
            compared.source_account_id,
            compared.source || '|' || compared.source_account_id
        ) as was_own_key
    from compared
    where compared.previous_account_id <> compared.account_id

),

final as (

    select
        source || '|' || source_account_id || '|' || cast(
            decided_date as {{ type_text() }}
        ) as account_match_change_key,
        source,
        source_account_id,
        case
            when is_own_key then 'split'
            when was_own_key then 'merge'
            else 'move'
        end as change_kind,
        previous_account_id,
        account_id,
        match_rule,
        reason_en,
        reason_zh,
        decided_date as changed_date,
        lead(decided_date) over (
            partition by source, source_account_id
            order by decided_date
        ) as until_date,
        {{ as_of_date() }} as as_of_date
    from changed

)

select * from final
